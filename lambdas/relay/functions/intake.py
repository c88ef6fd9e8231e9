"""intake: turns envelopes into sealed batches. Stateless; an outage of the ledger does not stop
it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from lambdas.relay.destinations.correlation import CANDIDATES, facts_of
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.kernel.errors import Malformed, Transient
from lambdas.relay.kernel.labels import label
from lambdas.relay.kernel.limits import BATCH_EVENTS_DEFAULT, SEALED_BYTES_MAX
from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.personal import hidden
from lambdas.relay.kernel.ports import Delivery, Outgoing, Queue
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.consumer import Consumer, Disposition, Done, Later, settle_each
from lambdas.relay.messages.sealing import (
    Batch,
    SealedEvent,
    Target,
    describe,
    encode_unclaimed,
    seal,
    sealed_bytes_of,
)
from lambdas.relay.routes import rendering
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.rendering import Rendered
from lambdas.relay.routes.route import Route


@dataclass(frozen=True, slots=True)
class Deps:
    consumer: Consumer
    batches: Queue
    configuration: Configuration
    #: the environment's key for personal names; raises Transient
    personal_key: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """An event as rendered for one destination."""

    delivery: Delivery
    #: None: no route takes it, but a request of ours may have caused it
    destination: Destination | None
    target: Target
    event: SealedEvent


def intake(arrived: Sequence[Delivery], deps: Deps) -> list[str]:
    """Seals readable events and quarantines the others; returns the ids of messages that stay."""
    rendered: list[_Rendered] = []
    kept = settle_each(arrived, lambda d: _read(d, rendered, deps), deps.consumer)
    waiting = list({row.delivery.message_id: row.delivery for row in rendered}.values())
    try:
        _send(rendered, deps)
    except Transient as transient:
        stay = Later(transient.reason, transient.retry_after_s)
        kept += settle_each(waiting, lambda _: stay, deps.consumer)
    except Malformed:
        # One of them can never be sent. Sent one by one, only that one is quarantined.
        kept += settle_each(waiting, lambda d: _alone(d, rendered, deps), deps.consumer)
    return kept


def _send(rendered: Sequence[_Rendered], deps: Deps) -> None:
    batches = _seal(rendered, deps)
    deps.batches.send([Outgoing(encode_unclaimed(batch), describe(batch)) for batch in batches])
    sealed = {id(event) for batch in batches for event in batch.events}
    for row in rendered:
        if row.destination is not None and id(row.event) not in sealed:
            # A copy that came with its original.
            deps.consumer.telemetry.count("Duplicates")
            deps.consumer.telemetry.note(
                "duplicate", identity=row.event.identity, correlation=row.event.correlation_id
            )


def _alone(delivery: Delivery, rendered: Sequence[_Rendered], deps: Deps) -> Disposition:
    _send([row for row in rendered if row.delivery is delivery], deps)
    return Done()


def _read(delivery: Delivery, rendered: list[_Rendered], deps: Deps) -> Disposition:
    now_ms = deps.consumer.clock.now_ms()
    reader = deps.configuration.reader
    event = parse_event(delivery.body, now_ms, reader, Arrival.of(delivery, now_ms))
    routes = deps.configuration.routes_of(event)
    facts = facts_of(event, deps.configuration.confirmations.values())
    name = label(event.conversation_id or "")
    # If the key cannot be read, this event waits; its neighbours do not.
    partition = hidden(name, deps.personal_key) if routes or facts else ""
    deps.consumer.telemetry.count("EventsReceived")
    if not routes and not facts:
        deps.consumer.telemetry.count("EventsUnrouted")
        deps.consumer.telemetry.note("unrouted", identity=event.identity, topic=event.detail_type)
    failures: list[Reason] = []
    made: list[_Rendered] = []
    for route in routes:
        try:
            if not route.wants(event):
                _left_out("EventsFiltered", "filtered", event, route, deps)
                continue
            one = rendering.rendered(route, event)
            if one.is_shown:
                _left_out("AlreadyShown", "already shown", event, route, deps)
                continue
            made.append(_sealed(delivery, event, route, one, facts, partition))
        except Malformed as malformed:
            failures.append(malformed.reason)
    if facts and not made:
        # No route takes it, but a request of ours may have caused it.
        one = Rendered(CANDIDATES, "", "")
        made.append(_sealed(delivery, event, None, one, facts, partition))
    rendered += made
    if failures:
        # The other routes take it; when it is corrected and sent again, it is a duplicate for them.
        raise Malformed(reduce(Code.AND, failures))
    return Done()


def _left_out(metric: Metric, why: str, event: Event, route: Route, deps: Deps) -> None:
    deps.consumer.telemetry.count(metric)
    deps.consumer.telemetry.note(
        why, identity=event.identity, topic=event.detail_type, route=route.name
    )


def _sealed(
    delivery: Delivery,
    event: Event,
    route: Route | None,
    made: Rendered,
    facts: str,
    partition: str,
) -> _Rendered:
    sealed = SealedEvent(
        identity=event.identity,
        payload_hash=event.payload_hash,
        conversation_id=label(event.conversation_id or ""),
        envelope_id=label(event.envelope_id),
        topic=label(event.topic),
        correlation_id=label(event.correlation_id or ""),
        accepted_at_ms=event.accepted_at_ms,
        into=made.into,
        item=made.item,
        facts=facts,
        entrance=event.entrance,
        sender="" if event.entrance == "partner" else label(event.source),
        content=event.content,
        routes=() if route is None else route.names,
        redelivery=label(event.redelivery),
        backfill=label(event.backfill),
        partition=partition,
    )
    size = sealed_bytes_of(sealed)
    if size > SEALED_BYTES_MAX:
        raise Malformed(Code.SEALED_TOO_LARGE(size))
    return _Rendered(
        delivery=delivery,
        destination=None if route is None else route.destination,
        target=made.target,
        event=sealed,
    )


def _seal(rendered: Sequence[_Rendered], deps: Deps) -> list[Batch]:
    groups: dict[Target, list[_Rendered]] = {}
    for row in rendered:
        groups.setdefault(row.target, []).append(row)
    return [
        batch
        for target, rows in groups.items()
        for batch in seal(
            target,
            [row.event for row in rows],
            now_ms=deps.consumer.clock.now_ms(),
            nonce=deps.consumer.entropy.token(),
            most_events=_most(rows[0])[0],
            most_bytes=_most(rows[0])[1] - 100,
        )
    ]


def _most(row: _Rendered) -> tuple[int, int]:
    """The limits of one batch: events and bytes."""
    if row.destination is None:
        return BATCH_EVENTS_DEFAULT, SEALED_BYTES_MAX
    return row.destination.most_items, row.destination.most_bytes
