"""Patterns of detail-types: refuses those that no event can match.

schema/genesys-topics.json has the topics that are known by name: the Python SDK has none, an older
.NET SDK had some. So a topic that is not among them may exist, and is only reported.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from lambdas.relay.kernel.patterns import overlap
from lambdas.relay.requests.ordering import PREREQUISITES
from lambdas.relay.routes.route import Route
from stacks.tables import NonEmpty, quoted

#: an id of Genesys, which never occurs in a detail-type; with or without hyphens
AN_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
#: the beginning of Genesys' detail-types, in lower case
OF_GENESYS = "v2."
IN_BRACES = re.compile(r"\{[^{}]*\}")
#: characters that no detail-type of Genesys and no pattern for them has
FOREIGN = re.compile(r"[^A-Za-z0-9._*{}-]")

#: beginnings of topics that are known completely, and common mistakes for them
LISTED = ("v2.detail.", "v2.operation")
COMPLETE = (
    *(name for name in PREREQUISITES if name.startswith(OF_GENESYS)),
    "v2.operations.events.{id}",
)
OTHERS = Path(__file__).parents[2] / "schema" / "genesys-topics.json"
ID = "{id}"


def _borne(topic: str) -> str:
    why = why_never(topic)
    if why:
        raise ValueError(f"{quoted(topic)} matches nothing: {why}")
    return topic


def check_topics(topics: Iterable[str], where: str) -> None:
    """Raises ValueError with one sentence that names the place."""
    for topic in topics:
        why = why_never(topic)
        if why:
            raise ValueError(f"{where}: {quoted(topic)} matches nothing: {why}")


def why_never(topic: str) -> str:
    """Why no event can have a matching detail-type; "" if one can."""
    if topic != topic.strip():
        return "a detail-type never begins or ends with a space"
    if AN_ID.search(topic):
        return "a detail-type has {id} where an event's topic has an id"
    if not topic.lower().startswith(OF_GENESYS):
        return ""
    if not topic.startswith(OF_GENESYS):
        return "the detail-types of Genesys begin with v2, in lower case"
    words = topic.split(".")
    wrong = [name for name in IN_BRACES.findall(topic) if name != ID]
    # A sender's own types may start with a number; where Genesys' types start, there is a name.
    wrong += [word for word in words[2:] if word.isdecimal()]
    wrong += [word for word in words if FOREIGN.search(word)]
    if wrong:
        return f"Genesys writes {{id}}, not {wrong[0]}"
    return _names_one(topic) if all(words) else "it has a dot too many"


def _names_one(topic: str) -> str:
    """Whether it has a word where a known topic has an id in its middle. Where the id comes last,
    the word may belong to another topic."""
    if _is_known(topic):
        return ""
    words = list(takewhile(lambda word: "*" not in word, topic.split(".")))
    for known in _known():
        names = known.split(".")
        pairs = list(zip(words, names[:-1], strict=False))
        meant = [word for word, name in pairs if name == ID != word]
        if meant and all(name in (ID, word) for word, name in pairs):
            named = [word for word, _ in pairs] + names[len(pairs) :]
            if overlap(topic, ".".join(named)):
                return (
                    f"Genesys writes {known}, with {{id}} in place of {meant[0]}; a condition "
                    "(`when`) selects by what an event says"
                )
    return ""


def _is_known(topic: str) -> bool:
    return any(overlap(topic, each) for each in _known())


@cache
def _known() -> tuple[str, ...]:
    others: list[str] = json.loads(OTHERS.read_text("utf-8"))["topics"]
    return (*COMPLETE, *others)


#: a pattern of detail-types
Topic = Annotated[NonEmpty, AfterValidator(_borne)]


def unknown(routes: Sequence[Route]) -> Iterator[str]:
    """A sentence for each topic that matches none of Genesys' known ones."""
    for number, route in enumerate(routes):
        for topic in route.topics:
            if not topic.startswith(OF_GENESYS) or _is_known(topic):
                continue
            said = f"routes[{number}].topics has {topic!r}"
            if topic.startswith(LISTED):
                there = ", ".join(COMPLETE)
                yield f"{said}, and Genesys has no such topic that is known of; it has {there}."
            else:
                yield (
                    f"{said}, a topic of Genesys that is not known of: compare it with those that "
                    "the integration shows."
                )
