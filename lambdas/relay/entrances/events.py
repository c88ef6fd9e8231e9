"""Envelopes become events: parsing, and the identity that makes two copies one event.

A detail has one of four shapes: Genesys' own (`eventBody`), a business event (business.py), and the
two that published tutorials teach (tutorial.py). `shape_of` tells them apart by their members.

An envelope is EventBridge's; its `id` is new on every accepted put, so it says nothing about the
event. Genesys' detail events carry no id of their own. So an event is what it says: identity is
a hash over what Genesys said (`detail-type`, `topicName`, `eventBody`), without what differs
between copies (`id`, `time`, `timestamp`, `metadata`), unless the body carries a unique id.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lambdas.relay.canonical import Json, canonical, digest, read_json, short
from lambdas.relay.entrances import reading
from lambdas.relay.entrances.business import business
from lambdas.relay.entrances.reading import Content
from lambdas.relay.entrances.tutorial import flat, posted
from lambdas.relay.errors import Malformed

#: 26 base32 characters = 130 bits: no two of 10^15 events collide by chance
IDENTITY_CHARS = 26
PAYLOAD_HASH_CHARS = 13
#: how the sources of EventBridge partners begin
PARTNER = "aws.partner/"

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
        raise Malformed(f"the envelope is {reading.kind(envelope)}, not an object")
    return read_envelope(envelope, now_ms)


def read_envelope(envelope: Mapping[str, Json], now_ms: int) -> Event:
    """Reads an envelope that is an object already (a test event of the Lambda console)."""
    detail_type = reading.text(envelope, "detail-type", "the envelope")
    source = reading.text(envelope, "source", "the envelope")
    if source == "aws.events":
        # docs.aws.amazon.com/eventbridge/.../eb-encryption-event-bus-cmkey.html: what arrives
        # when a bus could not decrypt; it names the real event but does not hold it.
        raise Malformed("the envelope is EventBridge's own notice, not an event of a source")
    detail = reading.members(envelope, "detail", "the envelope")
    content = shape_of(detail, source)(detail, source, detail_type)
    return Event(
        identity=short(digest(*content.identified_by), IDENTITY_CHARS),
        payload_hash=short(digest(content.said), PAYLOAD_HASH_CHARS),
        envelope_id=_envelope_id(envelope.get("id")),
        source=source,
        detail_type=detail_type,
        topic=content.topic,
        conversation_id=content.conversation_id,
        correlation_id=content.correlation_id,
        accepted_at_ms=_accepted(envelope.get("time"), now_ms),
        occurred_at_ms=content.occurred_at_ms,
        body=content.body,
    )


#: reads a detail of one shape, given the envelope's source and detail-type; raises Malformed
Shape = Callable[[Mapping[str, Json], str, str], Content]


def shape_of(detail: Mapping[str, Json], source: str) -> Shape:
    """How to read a detail, decided by the members that it has. Raises Malformed where it has
    those of no shape and comes from a partner; everybody else is told what their event lacks."""
    if "eventBody" in detail:
        return _genesys
    if "type" in detail and "createdTime" in detail:
        return posted
    if "type" in detail and "occurredAt" in detail:
        return business
    if "conversationId" in detail and "timestamp" in detail:
        return flat
    if source.startswith(PARTNER):
        raise Malformed("detail has no eventBody")
    return business


#: detail-types whose eventBody.id is an id of the event itself (elsewhere it is an entity's:
#: keyed by it, every later update of that entity would be dropped)
OWN_ID_TOPICS = ("v2.audits.*",)


def _genesys(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    body = reading.members(detail, "eventBody", "detail")
    topic = reading.optional_text(detail, "topicName", "detail") or detail_type
    said = canonical([detail_type, topic, body])
    own_id = _own_id(detail_type, body)
    return Content(
        topic=topic,
        identified_by=("own id", detail_type, own_id) if own_id else ("content", said),
        said=said,
        conversation_id=_conversation(body, topic),
        correlation_id=_correlation(detail),
        occurred_at_ms=reading.moment_ms(body.get("eventTime")),
        body=body,
    )


def _own_id(detail_type: str, body: Mapping[str, Json]) -> str | None:
    own_id = body.get("id")
    if isinstance(own_id, str) and any(fnmatchcase(detail_type, t) for t in OWN_ID_TOPICS):
        return own_id or None
    return None


def _conversation(body: Mapping[str, Json], topic: str) -> str | None:
    stated = reading.optional_text(body, "conversationId", "eventBody")
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


def _envelope_id(stated: Json) -> str:
    """It only helps to find the event again, so an odd one is no reason to refuse it."""
    return stated if isinstance(stated, str) else ""


def _accepted(time: Json, now_ms: int) -> int:
    """A clock ahead of ours must not make an event younger than it is."""
    stated = reading.iso_ms(time) if isinstance(time, str) else None
    return now_ms if stated is None else min(stated, now_ms)
