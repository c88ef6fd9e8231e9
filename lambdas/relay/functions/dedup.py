"""dedup: a sealed batch claims its events; what it owns goes on to be written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lambdas.relay.correlation import loops
from lambdas.relay.correlation.checks import event_check
from lambdas.relay.correlation.entries import entries
from lambdas.relay.correlation.loop_guard import ALL_NEWS, Guarded, guard
from lambdas.relay.destinations.correlation import CANDIDATES, Confirmation, expecting
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.functions.copies import name_copies, note_same_content
from lambdas.relay.functions.horizon import aged_events, apart, beyond_horizon
from lambdas.relay.functions.repairs import put_right
from lambdas.relay.kernel.limits import (
    CONSOLIDATIONS_MAX,
    REQUEST_FRAME_BYTES,
    SEALED_BYTES_MAX,
)
from lambdas.relay.kernel.ports import (
    Clock,
    Delivery,
    Ledger,
    Outbox,
    Outgoing,
    Queue,
    Telemetry,
    Vault,
)
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.known import KnownClaims
from lambdas.relay.ledger.redelivery import as_ordered
from lambdas.relay.messages.consumer import (
    Consumer,
    Disposition,
    Done,
    Later,
    without_destination,
)
from lambdas.relay.messages.dead_letters import ATTEMPTS
from lambdas.relay.messages.sealing import (
    CONSOLIDATIONS,
    Batch,
    SealedEvent,
    Target,
    as_unclaimed,
    decode,
    describe,
    encode,
    encode_unclaimed,
    seal,
)
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import emptying, merged_item, sealed_item
from lambdas.relay.requests.states import PARKED, SETTLED
from lambdas.relay.review.cases import complete, park

#: states in which this message may be the only one left of its batch
UNSETTLED = frozenset({"SEALED", "OPEN", "SPLIT"})


@dataclass(frozen=True, slots=True)
class Deps:
    consumer: Consumer
    ledger: Ledger
    writes: Outbox
    checks: Queue
    #: the destinations' names in the configuration, former ones included
    destinations: Collection[str]
    #: by destination: how its requests are confirmed
    confirmations: Mapping[str, Confirmation]
    #: how long the answer to a request can be outstanding
    answer_wait_s: float
    #: claims that this instance knows; without RememberingLedger it stays empty
    known: KnownClaims = field(default_factory=KnownClaims)

    @property
    def vault(self) -> Vault:
        return self.consumer.vault

    @property
    def clock(self) -> Clock:
        return self.consumer.clock

    @property
    def telemetry(self) -> Telemetry:
        return self.consumer.telemetry


def dedup(delivery: Delivery, deps: Deps) -> Disposition:
    """Records the batch, claims its events, forwards the ones it owns. Repeatable at any point:
    claims are written once and name this batch, so a second run owns what the first did."""
    now_ms = deps.clock.now_ms()
    batch = decode(delivery.body)
    if batch.target == CANDIDATES:
        return _candidates(batch, deps, now_ms)
    if batch.depth:
        # A part, whose events were claimed by the split request. It only came to the wrong queue.
        deps.writes.send([Outgoing(encode(batch), describe(batch))])
        return Done()
    if not any(name in deps.destinations for name in batch.target.names):
        return _unconfigured(batch, deps, now_ms)
    return _decide(delivery, as_ordered(batch, deps.ledger), deps, now_ms)


def _decide(delivery: Delivery, batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    """Decides which of its events are written, wait, are echoes of our own requests, or need a
    person."""
    aged = aged_events(batch, now_ms)
    if len(aged) == len(batch.events):
        return _beyond_horizon(batch, deps, now_ms)
    if _holds_copies_only(delivery, batch, deps, now_ms):
        return _copies(batch, deps)
    guarded = _guard(batch, deps, now_ms)
    if guarded.waiting:
        disposition = _let_wait(batch, guarded, deps, now_ms)
        if disposition is not None:
            return disposition
    decided = _record(batch, guarded, aged - guarded.echoes.keys(), deps, now_ms)
    if isinstance(decided, Done | Later):
        return decided
    guarded, aged = decided
    _tell(batch, guarded, deps)
    old = batch.only(aged)  # none of them is in what was claimed and came to the wrong queue
    if old.events and isinstance(wait := _beyond_horizon(apart(old), deps, now_ms), Later):
        return wait
    return _claim(batch.without(frozenset(guarded.echoes) | aged), deps, now_ms)


def _beyond_horizon(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    return beyond_horizon(batch, deps.ledger, deps.consumer, now_ms)


def _record(
    batch: Batch, guarded: Guarded, aged: frozenset[str], deps: Deps, now_ms: int
) -> tuple[Guarded, frozenset[str]] | Disposition:
    """Records the decisions on the events before any of them is claimed, and returns them; or the
    disposition of the batch if an earlier run left no claims to make."""
    item = {**sealed_item(batch, now_ms), **expecting(batch, _confirmation(batch, deps))}
    if guarded.echoes:
        item["echoes"] = dict(guarded.echoes)
    if aged:
        item["aged"] = sorted(aged)
    before = deps.ledger.insert([item])[0].before
    if before is None:
        return guarded, aged
    if put_right(before, deps):
        return Later(Code.RECORD_REPAIRED(), 0)
    record = Record.of(before)
    if record.state == "MERGED":
        return _travel_anew(batch, deps, now_ms)
    if record.state not in UNSETTLED:
        complete(batch, record.state, deps.vault)
        return Done()
    if aged - record.aged:
        # One has aged since then, and an earlier run may be about to send it: they stay together.
        return _beyond_horizon(batch.without(record.aged), deps, now_ms)
    # Another message of the batch may exist, or this may be the only one, redriven into the wrong
    # queue. A second one does no harm, while none would be a loss. The first run's decision stays:
    # the same batch must not be sent with other events.
    return replace(guarded, echoes=record.echoes, waiting={}), record.aged


def _confirmation(batch: Batch, deps: Deps) -> Confirmation | None:
    return of_target(batch.target, deps.confirmations)


def _keep(batch: Batch, message: str, deps: Deps) -> None:
    """Keeps the batch before its first claim: from then on no copy of its events is sent, and its
    message may be purged by hand. Reconcile sends it to dedup again."""
    if batch.events:
        deps.vault.keep(sealed_key(batch.batch_id), as_unclaimed(message))


def _claim(news: Batch, deps: Deps, now_ms: int) -> Disposition:
    """Claims the news; the events that the batch owns are sent on."""
    message = encode(news)
    _keep(news, message, deps)
    claimed = claim(news, deps.ledger, now_ms)
    name_copies(news, claimed, deps.telemetry)
    if not claimed.owned:
        return _empty(news, deps, now_ms)
    own = news.only(claimed.owned)
    if own.target.is_shadow:
        return _stay_in_shadow(own, deps, now_ms)
    if loops.is_loop(own, deps.confirmations, deps.ledger, now_ms):
        return _stop_loop(own, deps, now_ms)
    if own.events != news.events:
        message = encode(own)
        # A person who looks at the request must see exactly its events.
        deps.vault.keep(sealed_key(own.batch_id), message)
    _send(own, message, deps, now_ms)
    return Done()


def _unconfigured(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    """A batch that is settled, split or merged needs no configuration. Any other waits for a deploy
    that names its destination: without it echoes cannot be recognised, and write may still know the
    destination. Raises Transient."""
    item = deps.ledger.find([record_key(batch.batch_id)])[0]
    if put_right(item, deps):
        return Later(Code.RECORD_REPAIRED(), 0)
    state = None if item is None else Record.of(item).state
    if state == "MERGED":
        return _travel_anew(batch, deps, now_ms)
    if state == "SPLIT":
        deps.writes.send([Outgoing(encode(batch), describe(batch))])
    elif state not in SETTLED | PARKED:
        return without_destination(batch.target.destination, batch.sealed_at_ms, now_ms)
    complete(batch, state, deps.vault)
    return Done()


def _stay_in_shadow(own: Batch, deps: Deps, now_ms: int) -> Disposition:
    """The claims stay, so that these events are copies once the route writes; the other consumer
    handles them."""
    _empty(own, deps, now_ms)
    deps.telemetry.count("Shadowed", len(own.events))
    deps.telemetry.note("shadowed", batch=own.batch_id, events=len(own.events))
    return Done()


def _empty(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    """Ends a batch of which nothing is written."""
    deps.ledger.change(*record_key(batch.batch_id), *emptying(now_ms))
    deps.vault.discard(sealed_key(batch.batch_id))
    return Done()


def _send(own: Batch, message: str, deps: Deps, now_ms: int) -> None:
    """From here on only this batch sends these events."""
    note_same_content(own, deps.ledger, deps.telemetry)
    leading = entries(own, _confirmation(own, deps), now_ms)
    if leading:
        deps.ledger.insert(leading)
    deps.writes.send([Outgoing(message, describe(own))])
    telemetry = deps.telemetry
    telemetry.count("Claimed", len(own.events))
    stated = sorted({event.correlation_id for event in own.events} - {""})
    telemetry.note("claimed", batch=own.batch_id, events=len(own.events), correlations=stated)


def _stop_loop(own: Batch, deps: Deps, now_ms: int) -> Disposition:
    parked = park(
        own,
        "MANUAL_REVIEW",
        Code.LOOP(),
        ledger=deps.ledger,
        vault=deps.vault,
        now_ms=now_ms,
        advice=loops.ADVICE,
    )
    deps.telemetry.count("LoopsStopped", len(own.events))
    deps.telemetry.note("loop", batch=own.batch_id, conversation=own.events[0].conversation_id)
    return Done() if parked else Later(Code.REQUEST_UNDER_WAY())


def _let_wait(batch: Batch, guarded: Guarded, deps: Deps, now_ms: int) -> Disposition | None:
    """Undecided events wait alone: the others are sealed again and sent on. None: an earlier run
    has recorded the batch and decided."""
    waiting = frozenset(guarded.waiting)
    others = batch.without(waiting)
    if not others.events:
        # If no answer comes, the next attempt depends on what the events show.
        _tell(batch, replace(guarded, followed=()), deps)
        return Later(Code.ANSWER_OUT(), guarded.wait_s)
    mark = deps.ledger.insert([merged_item(batch, now_ms)])[0]
    if not mark.applied and (mark.before is None or Record.of(mark.before).state != "MERGED"):
        return None
    for events in (others.events, batch.only(waiting).events):
        _send_anew(batch.target, events, deps, now_ms)
    return Done()


def _travel_anew(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    """The batch was marked as merged by a run that may have crashed before it sent the new one."""
    _send_anew(batch.target, batch.events, deps, now_ms)
    return Done()


def _send_anew(target: Target, events: Sequence[SealedEvent], deps: Deps, now_ms: int) -> None:
    made = seal(
        target,
        events,
        now_ms=now_ms,
        nonce=deps.consumer.entropy.token(),
        most_events=len(events),
        most_bytes=SEALED_BYTES_MAX - REQUEST_FRAME_BYTES,
    )
    deps.consumer.source.send(unclaimed(made, CONSOLIDATIONS_MAX))


def unclaimed(batches: Iterable[Batch], times: int) -> list[Outgoing]:
    """Their messages to dedup; `times` is how often their events were consolidated."""
    return [
        Outgoing(encode_unclaimed(batch), {**describe(batch), CONSOLIDATIONS: str(times)})
        for batch in batches
    ]


def _holds_copies_only(delivery: Delivery, batch: Batch, deps: Deps, now_ms: int) -> bool:
    """Only at the first delivery: an earlier run may have recorded the batch, and then its record
    must be settled."""
    is_first = delivery.receives == 1 and ATTEMPTS not in delivery.attributes
    return is_first and deps.known.holds_copies_only(batch, now_ms)


def _copies(batch: Batch, deps: Deps) -> Disposition:
    """A batch that owns nothing needs no record, and no call of the ledger."""
    telemetry = deps.telemetry
    telemetry.count("Duplicates", len(batch.events))
    telemetry.count("DuplicatesRemembered", len(batch.events))
    telemetry.note("duplicates remembered", batch=batch.batch_id, events=len(batch.events))
    return Done()


def _guard(batch: Batch, deps: Deps, now_ms: int) -> Guarded:
    if not deps.confirmations:
        return ALL_NEWS
    return guard(batch, deps.ledger, deps.confirmations, now_ms, deps.answer_wait_s)


def _tell(batch: Batch, guarded: Guarded, deps: Deps) -> None:
    """Sends confirm the events about requests; it may get each more than once."""
    told = [
        event_check(event, guarded.echoes[event.identity])
        for event in batch.events
        if event.identity in guarded.echoes
    ]
    told += [event_check(event, request) for event, request in guarded.followed]
    if told:
        deps.checks.send(told)
        certain = guarded.echoes.keys() - guarded.waiting.keys()
        deps.telemetry.count("Echoes", len(certain))


def _candidates(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
    """Events that no route takes: those that a request of ours caused confirm it, the others end
    here. They have no record and no claims, since nothing is written."""
    guarded = _guard(batch, deps, now_ms)
    _tell(batch, guarded, deps)
    if guarded.wait_s:
        return Later(Code.ANSWER_OUT(), guarded.wait_s)
    return Done()
