"""Patterns of detail-types: what no event will ever bear is refused, wherever it is said."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator

from lambdas.relay.kernel.patterns import overlap
from lambdas.relay.requests.ordering import PREREQUISITES
from lambdas.relay.routes.route import Route
from stacks.tables import NonEmpty, quoted

#: an id of Genesys, as it has no place in a detail-type; with or without its hyphens
AN_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
#: how the detail-types of Genesys begin, in lower case
OF_GENESYS = "v2."
IN_BRACES = re.compile(r"\{[^{}]*\}")
#: what no detail-type of Genesys has, nor a pattern of them
FOREIGN = re.compile(r"[^A-Za-z0-9._*{}-]")

#: beginnings of topics that are known one by one, and what is often written in their place
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
    """Why no event can have a detail-type that fits; "" where one can."""
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
    # A sender may number its own types; Genesys has a name where that would begin.
    wrong += [word for word in words[2:] if word.isdecimal()]
    wrong += [word for word in words if FOREIGN.search(word)]
    if wrong:
        return f"Genesys writes {{id}}, not {wrong[0]}"
    return "" if all(words) else "it has a dot too many"


#: a pattern of detail-types
Topic = Annotated[NonEmpty, AfterValidator(_borne)]


def unknown(routes: Sequence[Route]) -> Iterator[str]:
    """A sentence for each topic that none of Genesys' fits, of those that are known one by one."""
    for number, route in enumerate(routes):
        for topic in route.topics:
            if topic.startswith(LISTED) and not any(overlap(topic, each) for each in KNOWN):
                yield (
                    f"routes[{number}].topics has {topic!r}, and Genesys has no such topic that is "
                    f"known of; it has {', '.join(KNOWN)}."
                )
