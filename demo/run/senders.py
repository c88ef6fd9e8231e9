"""What the account takes for one event of a sender's: business events, the shapes of tutorials, and
details of any other form. Decided here once more, from docs/entrances.md, without the code under
test: what a retry may say otherwise, and what it says the same."""

import json
from typing import Any

#: the members that a retry may change, by the members that a shape is known by
#: (docs/entrances.md; a form that is not described there has nothing that a retry may change)
SHAPES: tuple[tuple[set[str], set[str]], ...] = (
    ({"id", "type", "createdTime"}, {"createdTime", "correlationId", "metadata"}),
    ({"id", "type", "occurredAt"}, {"occurredAt", "correlationId"}),
    ({"type", "occurredAt"}, {"correlationId"}),
    ({"id", "conversationId", "timestamp"}, {"timestamp", "correlationId", "metadata"}),
    ({"conversationId", "timestamp"}, {"correlationId", "metadata"}),
)
#: members that mean the same where they are left out
EMPTY: dict[str, Any] = {"data": {}, "identifiers": {}, "attributes": {}}


def sender_says(source: str, detail_type: str, detail: dict[str, Any]) -> str:
    """The event that a detail without eventBody tells of, as text that is equal for copies."""
    stated = {name for name, value in detail.items() if value not in (None, "")}
    for known_by, unsaid in SHAPES:
        if known_by <= stated:
            said = {name: value for name, value in detail.items() if name not in unsaid}
            # The type is in the detail; the one around it is the envelope's business.
            kind = "" if "type" in known_by else detail_type
            return _text([source, kind, said])
    return _text([source, detail_type, detail])


def _text(said: list[Any]) -> str:
    source, kind, detail = said
    stated = {name: value for name, value in detail.items() if EMPTY.get(name) != value}
    return json.dumps([source, kind, stated], sort_keys=True)
