"""How the account identifies a sender's events: business events, the shapes of tutorials, and
details of any other form. It is implemented from docs/entrances.md, independently of the code
under test: what a retry may change, and what it must repeat."""

import json
from typing import Any

#: members of business events that mean the same missing as empty
EMPTY: dict[str, Any] = {"identifiers": {}, "attributes": {}}
#: the members that identify a shape, those that a retry may change, and those that mean the same
#: missing as empty (docs/entrances.md; in a form not described there, everything counts)
SHAPES: tuple[tuple[set[str], set[str], dict[str, Any]], ...] = (
    (
        {"id", "type", "createdTime"},
        {"createdTime", "correlationId", "metadata"},
        {"data": {}},
    ),
    ({"id", "type", "occurredAt"}, {"occurredAt", "correlationId"}, EMPTY),
    ({"type", "occurredAt"}, {"correlationId"}, EMPTY),
    ({"id", "conversationId", "timestamp"}, {"timestamp", "correlationId", "metadata"}, {}),
    ({"conversationId", "timestamp"}, {"correlationId"}, {"metadata": {}}),
)
#: its `metadata` differs between copies
GENESYS = "aws.partner/genesys.com/"


def sender_says(source: str, detail_type: str, detail: dict[str, Any]) -> str:
    """The event that a detail without eventBody describes, as text that is equal for copies."""
    stated = {name for name, value in detail.items() if value not in (None, "")}
    for known_by, unsaid, empty in SHAPES:
        if known_by <= stated:
            said = {
                name: value
                for name, value in {**detail, "metadata": _metadata(source, detail)}.items()
                if name not in unsaid and not (name in empty and value == empty[name])
            }
            # The type is in the detail; the outer one belongs to the envelope.
            return _text(source, "" if "type" in known_by else detail_type, said)
    return _text(source, detail_type, detail)


def _metadata(source: str, detail: dict[str, Any]) -> Any:
    """What `metadata` says apart from a CorrelationId; Genesys' says nothing."""
    stated = {} if source.startswith(GENESYS) else detail.get("metadata") or {}
    if not isinstance(stated, dict):
        return stated
    return {name: value for name, value in stated.items() if name != "CorrelationId"}


def _text(source: str, kind: str, said: dict[str, Any]) -> str:
    return json.dumps([source, kind, said], sort_keys=True)
