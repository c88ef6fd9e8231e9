"""What the account takes for one event of a sender's: business events, the shapes of tutorials, and
details of any other form. Decided here once more, from docs/entrances.md, without the code under
test: what a retry may say otherwise, and what it says the same."""

import json
from typing import Any

#: members of business events that say the same left out as empty
EMPTY: dict[str, Any] = {"identifiers": {}, "attributes": {}}
#: the members that a shape is known by, those that a retry may change, and those that say the same
#: left out (docs/entrances.md; of a form that is not described there everything counts)
SHAPES: tuple[tuple[set[str], set[str], dict[str, Any]], ...] = (
    (
        {"id", "type", "createdTime"},
        {"createdTime", "correlationId", "metadata"},
        {"data": {}},
    ),
    ({"id", "type", "occurredAt"}, {"occurredAt", "correlationId"}, EMPTY),
    ({"type", "occurredAt"}, {"correlationId"}, EMPTY),
    ({"id", "conversationId", "timestamp"}, {"timestamp", "correlationId", "metadata"}, {}),
    ({"conversationId", "timestamp"}, {"correlationId", "metadata"}, {}),
)


def sender_says(source: str, detail_type: str, detail: dict[str, Any]) -> str:
    """The event that a detail without eventBody tells of, as text that is equal for copies."""
    stated = {name for name, value in detail.items() if value not in (None, "")}
    for known_by, unsaid, empty in SHAPES:
        if known_by <= stated:
            said = {
                name: value
                for name, value in detail.items()
                if name not in unsaid and not (name in empty and value == empty[name])
            }
            # The type is in the detail; the one around it is the envelope's business.
            return _text(source, "" if "type" in known_by else detail_type, said)
    return _text(source, detail_type, detail)


def _text(source: str, kind: str, said: dict[str, Any]) -> str:
    return json.dumps([source, kind, said], sort_keys=True)
