"""Envelopes become events: parsing, and the identity that makes two copies one event.

An envelope is EventBridge's; its `id` is new on every accepted put, so it says nothing about the
event. Genesys' detail events carry no id of their own. So an event is what it says: identity is
a hash over what Genesys said (`detail-type`, `topicName`, `eventBody`), without what differs
between copies (`id`, `time`, `timestamp`, `metadata`), unless the body carries a unique id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from lambdas.relay.canonical import Json, canonical, digest, read_json, short
from lambdas.relay.errors import Malformed

#: 26 base32 characters = 130 bits: no two of 10^15 events collide by chance
IDENTITY_CHARS = 26
PAYLOAD_HASH_CHARS = 13

_CONVERSATION_IN_TOPIC = re.compile(r"\.conversations?\.([^.{}]+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as told by one envelope."""

    identity: str
    #: what was said, hashed: tells a true copy from another event under the same identity
    payload_hash: str
    envelope_id: str
    source: str
    detail_type: str
    topic: str
    #: None where the event belongs to no conversation
    conversation_id: str | None
    #: None where it carries none; Genesys' own are no ids of events and not always UUIDs
    correlation_id: str | None
    #: when EventBridge accepted the envelope (never in the future): the clock of the horizon
    accepted_at_ms: int
    #: when it happened, as far as the event says so
    occurred_at_ms: int | None
    body: Mapping[str, Any]


def parse_event(text: str, now_ms: int) -> Event:
    """Reads one EventBridge envelope. Raises Malformed with one sentence."""
    envelope = read_json(text, "the envelope")
    if not isinstance(envelope, dict):
        raise Malformed(f"the envelope is {_kind(envelope)}, not an object")
    return read_envelope(envelope, now_ms)


def read_envelope(envelope: Mapping[str, Json], now_ms: int) -> Event:
    """Reads an envelope that is an object already (a test event of the Lambda console)."""
    detail_type = _text(envelope, "detail-type", "the envelope")
    source = _text(envelope, "source", "the envelope")
    if source == "aws.events":
        # docs.aws.amazon.com/eventbridge/.../eb-encryption-event-bus-cmkey.html: what arrives
        # when a bus could not decrypt; it names the real event but does not hold it.
        raise Malformed("the envelope is EventBridge's own notice, not an event of a source")
    detail = _object(envelope, "detail", "the envelope")
    body = _object(detail, "eventBody", "detail")
    topic = _optional_text(detail, "topicName", "detail") or detail_type
    conversation_id = _conversation(body, topic)
    occurred_at_ms = _moment(body.get("eventTime"), "eventBody.eventTime")
    said = canonical([detail_type, topic, body])
    own_id = _own_id(detail_type, body)
    identity = digest("own id", detail_type, own_id) if own_id else digest("content", said)
    return Event(
        identity=short(identity, IDENTITY_CHARS),
        payload_hash=short(digest(said), PAYLOAD_HASH_CHARS),
        envelope_id=_optional_text(envelope, "id", "the envelope") or "",
        source=source,
        detail_type=detail_type,
        topic=topic,
        conversation_id=conversation_id,
        correlation_id=_correlation(detail),
        accepted_at_ms=_accepted(envelope.get("time"), now_ms),
        occurred_at_ms=occurred_at_ms,
        body=body,
    )


#: detail-types whose eventBody.id is an id of the event itself (elsewhere it is an entity's:
#: keyed by it, every later update of that entity would be dropped)
OWN_ID_TOPICS = ("v2.audits.*",)


def _own_id(detail_type: str, body: Mapping[str, Json]) -> str | None:
    own_id = body.get("id")
    if isinstance(own_id, str) and any(fnmatchcase(detail_type, t) for t in OWN_ID_TOPICS):
        return own_id or None
    return None


def _conversation(body: Mapping[str, Json], topic: str) -> str | None:
    stated = _optional_text(body, "conversationId", "eventBody")
    if stated:
        return stated
    found = _CONVERSATION_IN_TOPIC.search(topic)
    return found.group(1) if found else None


def _correlation(detail: Mapping[str, Json]) -> str | None:
    metadata = detail.get("metadata")
    candidates = (
        detail.get("correlationId"),
        metadata.get("CorrelationId") if isinstance(metadata, dict) else None,
    )
    return next((c for c in candidates if isinstance(c, str) and c), None)


def _accepted(time: Json, now_ms: int) -> int:
    """A clock ahead of ours must not make an event younger than it is."""
    stated = _iso_ms(time) if isinstance(time, str) else None
    return now_ms if stated is None else min(stated, now_ms)


def _moment(value: Json, name: str) -> int | None:
    """Genesys says times as integer milliseconds or as ISO 8601, differently by topic."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed(f"{name} is {_kind(value)}, not a number of milliseconds or an ISO time")
    return _iso_ms(value) if isinstance(value, str) else int(value)


def _iso_ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _text(document: Mapping[str, Json], key: str, where: str) -> str:
    value = _optional_text(document, key, where)
    if not value:
        raise Malformed(f"{where} has no {key}")
    return value


def _optional_text(document: Mapping[str, Json], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{where} has a {key} that is {_kind(value)}, not a string")
    return value


def _object(document: Mapping[str, Json], key: str, where: str) -> Mapping[str, Json]:
    value = document.get(key)
    if value is None:
        raise Malformed(f"{where} has no {key}")
    if not isinstance(value, dict):
        raise Malformed(f"{where} has a {key} that is {_kind(value)}, not an object")
    return value


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
