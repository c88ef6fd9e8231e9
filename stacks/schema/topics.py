"""Patterns of detail-types: what no event will ever bear is refused, wherever it is said."""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from stacks.tables import NonEmpty, quoted

#: an id of Genesys, as it has no place in a detail-type; with or without its hyphens
AN_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
#: how the detail-types of Genesys begin, in lower case
OF_GENESYS = "v2."
IN_BRACES = re.compile(r"\{[^{}]*\}")


def _borne(topic: str) -> str:
    why = _why_never(topic)
    if why:
        raise ValueError(f"{quoted(topic)} matches nothing: {why}")
    return topic


def check_topics(topics: Iterable[str], where: str) -> None:
    """Raises ValueError with one sentence that names the place."""
    for topic in topics:
        why = _why_never(topic)
        if why:
            raise ValueError(f"{where}: {quoted(topic)} matches nothing: {why}")


def _why_never(topic: str) -> str:
    if topic != topic.strip():
        return "no detail-type begins or ends with a blank"
    if AN_ID.search(topic):
        return "a detail-type has {id} where the topic of an event has an id"
    if not topic.lower().startswith(OF_GENESYS):
        return ""
    if not topic.startswith(OF_GENESYS):
        return "the detail-types of Genesys begin with v2, in lower case"
    wrong = [name for name in IN_BRACES.findall(topic) if name != "{id}"]
    wrong += [word for word in topic.split(".") if word.startswith(":")]
    return f"Genesys writes {{id}}, not {wrong[0]}" if wrong else ""


#: a pattern of detail-types
Topic = Annotated[NonEmpty, AfterValidator(_borne)]
