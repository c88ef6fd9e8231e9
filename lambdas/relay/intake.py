"""intake: envelopes become sealed batches. Stateless; an outage of the ledger never stops it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay import deliveries
from lambdas.relay.canonical import canonical
from lambdas.relay.configuration import Configuration, Route
from lambdas.relay.deliveries import Disposition, Done, Later, Post
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.errors import Malformed, Transient
from lambdas.relay.events import Event, parse_event
from lambdas.relay.limits import HORIZON_S
from lambdas.relay.mapping import render, view
from lambdas.relay.ports import Delivery, Outgoing, Queue
from lambdas.relay.sealing import Batch, SealedEvent, Target, describe, encode, seal


@dataclass(frozen=True, slots=True)
class Needs:
    post: Post
    batches: Queue
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class _Rendered:
    """An event as one destination takes it."""

    delivery: Delivery
    destination: Destination
    target: Target
    #: an event past the horizon never shares a batch with a younger one, whose fate is decidable
    is_old: bool
    event: SealedEvent


def intake(arrived: Sequence[Delivery], needs: Needs) -> list[str]:
    """Seals what can be read, quarantines the rest; returns the ids of messages that stay."""
    rendered: list[_Rendered] = []
    kept = deliveries.settle_each(arrived, lambda d: _read(d, rendered, needs), needs.post)
    try:
        needs.batches.send(
            [Outgoing(encode(batch), describe(batch)) for batch in _seal(rendered, needs)]
        )
    except Transient as transient:
        stay = Later(transient.reason, transient.retry_after_s)
        waiting = {row.delivery.message_id: row.delivery for row in rendered}
        kept += deliveries.settle_each(list(waiting.values()), lambda _: stay, needs.post)
    return kept


def _read(delivery: Delivery, rendered: list[_Rendered], needs: Needs) -> Disposition:
    now_ms = needs.post.clock.now_ms()
    event = parse_event(delivery.body, now_ms)
    routes = needs.configuration.routes_of(event)
    needs.post.telemetry.count("EventsReceived")
    if not routes:
        needs.post.telemetry.count("EventsUnrouted")
        needs.post.telemetry.note("unrouted", identity=event.identity, topic=event.detail_type)
    for route in routes:
        rendered.append(_render(delivery, event, route, now_ms))
    return Done()


def _render(delivery: Delivery, event: Event, route: Route, now_ms: int) -> _Rendered:
    destination = route.destination
    item = render(route.item, view(event))
    text = canonical(item)
    if len(text) > destination.most_bytes - 100:
        raise Malformed(
            f"its item for {destination.name} has {len(text)} bytes; "
            f"a request may have {destination.most_bytes}"
        )
    return _Rendered(
        delivery=delivery,
        destination=destination,
        target=destination.target(event),
        is_old=now_ms - event.accepted_at_ms > HORIZON_S * 1000,
        event=SealedEvent(
            identity=event.identity,
            payload_hash=event.payload_hash,
            conversation_id=event.conversation_id or "",
            envelope_id=event.envelope_id,
            topic=event.topic,
            correlation_id=event.correlation_id or "",
            accepted_at_ms=event.accepted_at_ms,
            into=destination.into,
            item=text,
        ),
    )


def _seal(rendered: Sequence[_Rendered], needs: Needs) -> list[Batch]:
    groups: dict[tuple[Target, bool], list[_Rendered]] = {}
    for row in rendered:
        groups.setdefault((row.target, row.is_old), []).append(row)
    return [
        batch
        for (target, _), rows in groups.items()
        for batch in seal(
            target,
            [row.event for row in rows],
            now_ms=needs.post.clock.now_ms(),
            nonce=needs.post.chance.token(),
            most_events=rows[0].destination.most_items,
            most_bytes=rows[0].destination.most_bytes - 100,
        )
    ]
