"""Patterns of detail-types: refuses those that no event can match."""

import re
from collections.abc import Iterable, Iterator, Sequence
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

#: beginnings of topics that are known individually, and common mistakes for them
LISTED = ("v2.detail.", "v2.operation")
KNOWN = (
    *(name for name in PREREQUISITES if name.startswith(OF_GENESYS)),
    "v2.operations.events.{id}",
)


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
    wrong = [name for name in IN_BRACES.findall(topic) if name != "{id}"]
    # A sender's own types may start with a number; where Genesys' types start, there is a name.
    wrong += [word for word in words[2:] if word.isdecimal()]
    wrong += [word for word in words if FOREIGN.search(word)]
    if wrong:
        return f"Genesys writes {{id}}, not {wrong[0]}"
    return "" if all(words) else "it has a dot too many"


#: a pattern of detail-types
Topic = Annotated[NonEmpty, AfterValidator(_borne)]


def unknown(routes: Sequence[Route]) -> Iterator[str]:
    """A sentence for each topic that matches none of Genesys' individually known ones."""
    for number, route in enumerate(routes):
        for topic in route.topics:
            if topic.startswith(LISTED) and not any(overlap(topic, each) for each in KNOWN):
                yield (
                    f"routes[{number}].topics has {topic!r}, and Genesys has no such topic that is "
                    f"known of; it has {', '.join(KNOWN)}."
                )
