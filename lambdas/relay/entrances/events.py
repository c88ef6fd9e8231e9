"""Envelopes become events: parsing, and the identity that makes two copies one event.

A detail has one of five shapes: Genesys' own (`eventBody`, genesys.py), a business event
(business.py), the two that published tutorials teach (tutorial.py), and any other (plain.py).
`shape_of` distinguishes them by their members.

The envelope's `id` is new on every accepted put, so it does not identify the event. So an event is
identified by a hash over its content, without what differs between copies, unless it has an id of
its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lambdas.relay.entrances import reading
from lambdas.relay.entrances.arrivals import GENESYS, Arrival, Entrance
from lambdas.relay.entrances.business import business, by_own_id
from lambdas.relay.entrances.genesys import BY_MOMENT, told_by_genesys
from lambdas.relay.entrances.identities import BY_NATURE, Rules, own_id
from lambdas.relay.entrances.plain import plain
from lambdas.relay.entrances.reading import Content
from lambdas.relay.entrances.tutorial import flat, posted
from lambdas.relay.kernel.canonical import Json, canonical, digest, read_json, short
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.message_kinds import refuse_other
from lambdas.relay.kernel.reasons import Code

#: 26 base32 characters = 130 bits: no two of 10^15 events collide by chance
IDENTITY_CHARS = 26
#: if the time of publishing is part of an identity, this many characters are for the content: the
#: same content at another time is next to it in the ledger
CONTENT_CHARS = 16
PAYLOAD_HASH_CHARS = 13
#: the detail-type of an event that a rule of the account makes at its times: `resources` names the
#: rule, the detail is empty (docs.aws.amazon.com/eventbridge/latest/userguide/event-reference.html)
SCHEDULED = "Scheduled Event"


@dataclass(frozen=True, slots=True)
class Event:
    """An event, read from one envelope."""

    identity: str
    #: the time of publishing is part of the identity, whose beginning identifies the content
    is_stamped: bool
    #: hash of the content: distinguishes a copy from another event under the same identity
    payload_hash: str
    envelope_id: str
    #: the entrance and the source, which is authenticated except on the relay's bus, where senders
    #: name themselves (but never with a name that begins with `aws.`)
    entrance: Entrance
    source: str
    detail_type: str
    topic: str
    #: None if the event belongs to no conversation; UUIDs in lower case, since they are keys
    conversation_id: str | None
    #: None if it has none; Genesys' own do not identify events and are not always UUIDs
    correlation_id: str | None
    #: when EventBridge or the queue received it (never in the future): the time for the horizon
    accepted_at_ms: int
    #: when it happened, if the event says so
    occurred_at_ms: int | None
    body: Mapping[str, Any]
    #: the redelivery that it belongs to; usually ""
    redelivery: str = ""
    #: the backfill that made it from Genesys' own record; "" if Genesys published it
    backfill: str = ""

    @property
    def content(self) -> str:
        """The beginning of the identity if the same content at another time is another event."""
        return self.identity[:CONTENT_CHARS] if self.is_stamped else ""


@dataclass(frozen=True, slots=True)
class Reader:
    """How an environment reads envelopes."""

    #: the source of Genesys Cloud; None: any partner source
    partner_source: str | None
    rules: Rules


ANY_PARTNER = Reader(None, BY_NATURE)


def parse_event(
    text: str, now_ms: int, reader: Reader = ANY_PARTNER, arrival: Arrival | None = None
) -> Event:
    """Reads one EventBridge envelope; without `arrival`, as if it had just come from a bus. Raises
    Malformed."""
    envelope = read_json(text, "the envelope")
    if not isinstance(envelope, dict):
        raise Malformed(Code.NOT_AN_OBJECT("the envelope", reading.kind(envelope)))
    refuse_other(envelope, "envelope")
    return read_envelope(envelope, now_ms, reader, arrival)


def read_envelope(
    envelope: Mapping[str, Json],
    now_ms: int,
    reader: Reader = ANY_PARTNER,
    arrival: Arrival | None = None,
) -> Event:
    """Reads an envelope that is already an object (a test event in the Lambda console)."""
    detail_type = reading.text(envelope, "detail-type", "the envelope")
    source = reading.text(envelope, "source", "the envelope")
    if source == "aws.events" and detail_type != SCHEDULED:
        # docs.aws.amazon.com/eventbridge/.../eb-encryption-event-bus-cmkey.html: what arrives when
        # a bus could not decrypt an event; it names the event but does not contain it.
        raise Malformed(Code.EVENTBRIDGE_NOTICE())
    detail = reading.members(envelope, "detail", "the envelope")
    came = Arrival(by_webhook=False, first_seen_ms=now_ms) if arrival is None else arrival
    entrance = came.entrance(source, reader.partner_source)
    # Any other sender chooses its envelopes' times, or has a new one with every put.
    is_genesys = entrance == "partner"
    time = envelope.get("time") if is_genesys or came.is_of_aws(source) else None
    # A null counts as a missing member; but with a topicName, the event is Genesys' own and broken.
    if detail.get("eventBody") is not None or {"topicName", "eventBody"} <= detail.keys():
        content = told_by_genesys(
            detail,
            detail_type,
            speaker="" if is_genesys else source,
            time=time,
            rules=reader.rules,
        )
    else:
        content = shape_of(detail, source)(detail, source, detail_type)
        if not is_genesys and time and own_id(detail) is None:
            content = _by_envelope(content, time, envelope.get("resources"))
    return Event(
        identity=_identity(content),
        is_stamped=content.stamp is not None,
        payload_hash=short(digest(content.said), PAYLOAD_HASH_CHARS),
        envelope_id=_envelope_id(envelope.get("id")),
        entrance=entrance,
        source=source,
        detail_type=detail_type,
        topic=content.topic,
        conversation_id=_as_key(content.conversation_id),
        correlation_id=content.correlation_id,
        accepted_at_ms=came.accepted_at_ms(envelope, entrance, now_ms),
        occurred_at_ms=content.occurred_at_ms,
        body=content.body,
        redelivery=came.redelivery(envelope),
        backfill=_backfill(came, envelope, content),
    )


def _by_envelope(content: Content, time: Json, resources: Json) -> Content:
    """A detail of an AWS service or another partner. If it states no moment, it is a state, which
    can recur, and some do not say of what. The envelope does; redeliveries and replays keep both.
    """
    if content.occurred_at_ms is not None:
        return content
    about, stamp = canonical(resources or []), canonical(time)
    return replace(
        content,
        identified_by=(*content.identified_by, about),
        said=canonical([content.said, about, stamp]),
        stamp=stamp,
    )


def _backfill(came: Arrival, envelope: Mapping[str, Json], content: Content) -> str:
    """A made event differs in content from the genuine one, so it must be identified by what both
    have. Raises Malformed if it is not."""
    backfill = came.backfill(envelope)
    if backfill and content.identified_by[0] != BY_MOMENT:
        raise Malformed(Code.NOT_KNOWN_BY_MOMENT())
    return backfill


def _identity(content: Content) -> str:
    key = digest(*content.identified_by)
    if content.stamp is None:
        return short(key, IDENTITY_CHARS)
    stamp = digest("published", content.stamp)
    return short(key, CONTENT_CHARS) + short(stamp, IDENTITY_CHARS - CONTENT_CHARS)


def identity_by_sender(source: str, own_id: str) -> str:
    """The identity of an event with this sender's id."""
    return short(digest(*by_own_id(source, own_id)), IDENTITY_CHARS)


def _as_key(conversation_id: str | None) -> str | None:
    """UUIDs in lower case, so that a conversation has one key (RFC 9562: UUIDs are
    case-insensitive). Any other id is kept as its sender writes it."""
    is_uuid = conversation_id is not None and reading.UUID.fullmatch(conversation_id)
    return conversation_id.lower() if conversation_id is not None and is_uuid else conversation_id


#: reads a detail of one shape, given the envelope's source and detail-type; raises Malformed
Shape = Callable[[Mapping[str, Json], str, str], Content]


def shape_of(detail: Mapping[str, Json], source: str) -> Shape:
    """The reader for a detail without eventBody, chosen by its members. Raises Malformed if they
    fit no shape and the detail comes from Genesys, whose details are never plain. Programs write
    null or an empty string for a missing id."""
    said = {name for name, value in detail.items() if value not in (None, "")}
    if {"type", "id"} <= said and "createdTime" in detail:
        return posted
    if detail.get("occurredAt") is not None or (
        "type" in detail and detail.keys() & {"identifiers", "attributes"}
    ):
        return business
    if "conversationId" in said and "timestamp" in detail:
        return flat
    if source.startswith(GENESYS):
        raise Malformed(Code.NO_SHAPE("detail"))
    return plain


def _envelope_id(stated: Json) -> str:
    """It is only used to find the event again, so an unusual one is no reason to refuse it."""
    return stated if isinstance(stated, str) else ""
