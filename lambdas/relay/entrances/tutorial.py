"""Events in the shapes of published tutorials, so that systems built on them can move to the relay.

* flat: `{"conversationId", "timestamp", "eventType", ...}`. Identity is its own `id` if it has one
  (then `timestamp` does not count), else conversation and timestamp, within one source and type.
  But two real events can share both. So if the payload differs, it is a collision, which claims
  keep apart: both are delivered, and counted as IdentityCollisions. There `metadata` is part of the
  payload, except a CorrelationId in it; Genesys' own `metadata` changes with every publication.
* posted: `{"id", "type", "createdTime", "data"}`, as webhooks post it. Identity is the sender and
  its `id`; `createdTime` does not count.

With an `id`, `metadata` never counts: it may say which attempt this is.

The tutorials have no schema, so members that they do not mention are part of the content.
"""

from collections.abc import Mapping

from lambdas.relay.entrances.arrivals import GENESYS
from lambdas.relay.entrances.business import by_own_id, by_sender, correlation
from lambdas.relay.entrances.reading import Content, moment, optional_text, text
from lambdas.relay.kernel.canonical import Json, canonical

#: members that differ between copies
_PER_COPY = frozenset({"metadata", "correlationId"})
_POSTED = frozenset({"id", "type", "createdTime", "data"})


def flat(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads a flat detail. Raises Malformed."""
    conversation_id = text(detail, "conversationId", "detail")
    occurred_at_ms = moment(detail, "timestamp", "detail")
    own_id = optional_text(detail, "id", "detail")
    topic = optional_text(detail, "eventType", "detail") or detail_type
    unsaid = _PER_COPY | {"timestamp"} if own_id else _PER_COPY
    stated = {name: value for name, value in detail.items() if name not in unsaid}
    if not own_id and not source.startswith(GENESYS):
        stated |= _metadata(detail.get("metadata"))
    key = canonical([topic, conversation_id, detail["timestamp"]])
    return Content(
        topic=topic,
        identified_by=(
            by_own_id(source, own_id)
            if own_id
            else ("conversation and timestamp", source, detail_type, key)
        ),
        said=canonical([source, detail_type, stated]),
        conversation_id=conversation_id,
        correlation_id=correlation(detail),
        occurred_at_ms=occurred_at_ms,
        body=detail,
    )


def _metadata(stated: Json) -> dict[str, Json]:
    """What a sender's `metadata` adds to the content; an empty one is the same as none."""
    if isinstance(stated, dict):
        stated = {name: value for name, value in stated.items() if name != "CorrelationId"}
    return {"metadata": stated} if stated else {}


def posted(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads a webhook's event. Raises Malformed."""
    own_id, said_type = text(detail, "id", "detail"), text(detail, "type", "detail")
    data = detail.get("data", {})
    stated = data.get("conversationId") if isinstance(data, dict) else None
    rest = {n: v for n, v in detail.items() if n not in _POSTED and n not in _PER_COPY}
    said = [{}, data, rest]
    whole, identified_by = by_sender(source, own_id, said_type, detail["createdTime"], said)
    return Content(
        topic=said_type,
        identified_by=identified_by,
        said=whole,
        conversation_id=stated if isinstance(stated, str) and stated else None,
        correlation_id=correlation(detail),
        occurred_at_ms=moment(detail, "createdTime", "detail"),
        body=detail,
    )
