"""The loop guard: which events of a batch were caused by the relay's own requests, and which
requests they confirm.

An event that the relay's own request caused confirms that request and is never written again. Three
checks, cheapest first: Is there a record under its correlation id? Does an entry lead from its
conversation or entity to a request? Is a request in progress whose key only its answer will give?
In that case the event waits, alone, while the answer is outstanding.

An entry says what a request was to cause, not that it did: somebody else may have done the same at
that time, and the request may be refused. So a match with an attempt in progress is passed to
confirm at once, but the event still waits until the attempt ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lambdas.relay.correlation.asking import Outstanding, answers_out
from lambdas.relay.correlation.entries import (
    LASTING_READ_MAX,
    MET,
    TIMED,
    Entry,
    causing,
    folded,
    following,
    hours_around,
    keys_named,
    possible,
)
from lambdas.relay.destinations.correlation import Confirmation, Facts, read_facts
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.kernel.limits import ECHO_WITHIN_S, LIVE
from lambdas.relay.kernel.ports import Change, Guard, Ledger
from lambdas.relay.messages.sealing import Batch, SealedEvent
from lambdas.relay.requests.record import Record, record_key

#: an event that may still turn out to be an echo comes back after this time
ANSWER_POLL_S = 2.0
#: what caused an event was entered no later than this after it, by their clocks: clock skew, and
#: EventBridge says the time of an event in whole seconds
ENTERED_LATE_S = LIVE.clock_skew_s + 1


@dataclass(frozen=True, slots=True)
class Guarded:
    """The loop guard's decision on a batch."""

    #: by an event's identity: the request that caused it
    echoes: Mapping[str, str]
    #: events that are news but whose order a request's record keeps
    followed: Sequence[tuple[SealedEvent, str]]
    #: by identity: undecided events, and the seconds until the next check; an event that is also in
    #: `echoes` is not certain to be one
    waiting: Mapping[str, float]

    @property
    def wait_s(self) -> float:
        return max(self.waiting.values(), default=0.0)


ALL_NEWS = Guarded({}, (), {})


def guard(
    batch: Batch,
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    now_ms: int,
    answer_wait_s: float,
) -> Guarded:
    """Classifies a batch's events and marks the entries that they match. This is repeatable: an
    entry keeps the identity of the event that matched it. Raises Transient."""
    named_by = _by_correlation(batch, ledger)
    echoes: dict[str, str] = {}
    followed: list[tuple[SealedEvent, str]] = []
    waiting: dict[str, float] = {}
    out = _answers_out(map(read_facts, batch.events), ledger, confirmations, now_ms)
    cache: dict[tuple[str, str], list[Entry]] = {}
    for event in batch.events:
        facts = read_facts(event)
        if not facts.detail_type:
            continue
        found = _entries_of(event, facts, ledger, confirmations, cache)
        named = named_by.get(event.identity)
        if named is not None and _is_caused(named, facts, confirmations):
            # Its correlation id is enough; the entry is marked all the same, so that it waits for
            # no other event.
            echoes[event.identity] = named.batch_id
            own = [entry for entry in found if entry.batch_id == named.batch_id]
            _meet(event, facts, own, ledger, confirmations)
            continue
        cause = _meet(event, facts, found, ledger, confirmations, under_way_ms=now_ms)
        if cause is not None:
            echoes[event.identity] = cause.batch_id
            if now_ms < cause.lease_until_ms:
                waiting[event.identity] = _poll_s(cause.lease_until_ms, now_ms)
            continue
        requests = {named.batch_id} if named is not None else set()
        requests |= set(following(facts, found, confirmations))
        followed += [(event, request) for request in sorted(requests)]
        wait_s = _wait_s(event, out[facts.detail_type], now_ms, answer_wait_s)
        if wait_s:
            waiting[event.identity] = wait_s
    return Guarded(echoes, followed, waiting)


def _by_correlation(batch: Batch, ledger: Ledger) -> dict[str, Record]:
    """By identity: the record that the event's correlation id names. A record is older than any
    event that its request causes, and it is read consistently, so every run of a batch finds the
    same. A correlation id that another source states proves nothing."""
    asked = [e for e in batch.events if e.correlation_id and e.is_genesys_own]
    records = ledger.find([record_key(event.correlation_id.lower()) for event in asked])
    return {
        event.identity: Record.of(item)
        for event, item in zip(asked, records, strict=True)
        if item is not None
    }


def _is_caused(named: Record, facts: Facts, confirmations: Mapping[str, Confirmation]) -> bool:
    """Whether a request causes such events. What it only follows is news, as is all else that
    Genesys may give its correlation id."""
    known = of_target(named, confirmations)
    judging = confirmations.values() if known is None else (known,)
    return any(confirmation.causes(facts.detail_type) for confirmation in judging)


def _entries_of(
    event: SealedEvent,
    facts: Facts,
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    cache: dict[tuple[str, str], list[Entry]],
) -> list[Entry]:
    """The number of items read does not grow with a conversation's age. The newest lasting entries
    of every key are read, since the previous release gave entries no time."""
    hearing = [c for c in confirmations.values() if c.hears(facts.detail_type)]
    parts = [""]
    if not all(c.lasts for c in hearing):
        parts += [f"{TIMED}{hour}#" for hour in hours_around(event, facts)]
    found: list[Entry] = []
    for partition in keys_named(event, facts, {c.match for c in hearing} - {"correlation"}):
        for part in parts:
            if (partition, part) not in cache:
                items = (
                    ledger.of(partition, part)
                    if part
                    else ledger.of(partition, before=TIMED, newest=LASTING_READ_MAX)
                )
                cache[partition, part] = [Entry.of(item) for item in items]
            found += cache[partition, part]
    return folded(found)


def _meet(
    event: SealedEvent,
    facts: Facts,
    found: Sequence[Entry],
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    under_way_ms: int | None = None,
) -> Entry | None:
    """The entry of the request that caused the event, now marked as matched unless an attempt is in
    progress; None if there is none."""
    found = possible(event, facts, found, confirmations)
    left = _of_effect(found, ledger) if found else []
    for _ in range(len(left) + 1):
        entry = causing(event, facts, left, confirmations)
        if entry is None:
            return None
        is_certain = under_way_ms is None or under_way_ms >= entry.lease_until_ms
        if entry.is_met_by(event) or not entry.awaits(facts) or not is_certain:
            return entry
        name = f"{MET}{facts.detail_type}"
        met = ledger.change(
            entry.pk,
            entry.sk,
            Guard(frozenset({"AWAITING", "MET"}), same={name: None}),
            Change(put={"state": "MET", name: event.identity}, default={"met_by": event.identity}),
        )
        if met.applied or (met.before is not None and met.before.get(name) == event.identity):
            return entry
        # Another event was faster, perhaps of this batch. The entry it matched may still be ours.
        faster = str((met.before or {}).get(name, ""))
        others = [each for each in left if each is not entry]
        left = [*others, entry.met_with(facts.detail_type, faster)] if faster else others
    return None


def _of_effect(found: Sequence[Entry], ledger: Ledger) -> list[Entry]:
    """The entries whose request can have taken effect; the others cannot have caused the event."""
    items = ledger.find([record_key(entry.batch_id) for entry in found])
    return [
        replace(
            entry,
            is_past=record.state == "SPLIT",
            over_ms=_over_ms(record),
            lease_until_ms=record.lease_until_ms if record.state == "OPEN" else 0,
        )
        for entry, item in zip(found, items, strict=True)
        if item is not None
        and (record := Record.of(item)).may_have_taken_effect
        and not record.leaves_out(entry.key)
    ]


def _over_ms(record: Record) -> int:
    """Until when its request can cause events: some time after its answer."""
    if record.state in ("SEALED", "OPEN"):
        return 0
    answered_ms = record.settled_at_ms
    return answered_ms + ECHO_WITHIN_S * 1000 if answered_ms else 0


def _answers_out(
    facts: Iterable[Facts],
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    now_ms: int,
) -> Mapping[str, Sequence[Outstanding]]:
    """By event type: the outstanding answers that can decide it. This is read before the entries:
    an answer that is no longer outstanding has left its entry."""
    hearing = {
        each.detail_type: [
            name
            for name, confirmation in sorted(confirmations.items())
            if confirmation.is_answered and confirmation.hears(each.detail_type)
        ]
        for each in facts
        if each.detail_type
    }
    out = answers_out({name for names in hearing.values() for name in names}, ledger, now_ms)
    return {
        detail_type: [answer for name in names for answer in out[name]]
        for detail_type, names in hearing.items()
    }


def _wait_s(
    event: SealedEvent, out: Iterable[Outstanding], now_ms: int, answer_wait_s: float
) -> float:
    """Seconds until the next check; 0: every answer that was outstanding when the event came has
    arrived, or never will."""
    came_ms = event.accepted_at_ms + int(ENTERED_LATE_S * 1000)
    until_ms = max((answer.until_ms for answer in out if answer.since_ms <= came_ms), default=0)
    latest_ms = event.accepted_at_ms + int(answer_wait_s * 1000)
    if now_ms >= min(latest_ms, until_ms):
        return 0
    return _poll_s(latest_ms, now_ms)


def _poll_s(latest_ms: int, now_ms: int) -> float:
    """The answer usually comes long before this time."""
    return min(ANSWER_POLL_S, (latest_ms - now_ms) / 1000)
