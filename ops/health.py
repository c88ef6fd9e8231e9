"""A relay's health: a pure judgement of what was read. Everything that needs a person is in here,
so that no command can say "nothing" while something waits or an alarm is on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.genesys.circuit_breaker import Circuit
from lambdas.relay.kernel.limits import DAY_S, HOUR_S, MINUTE_S, RECONCILE_EVERY_S
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.requests.states import REVIEW
from lambdas.relay.review.waiting import KINDS, UNREADABLE, sentence
from ops.reading import Depth, Reading
from ops.screen import age, plural

#: a queue whose oldest message waits longer is behind
BEHIND_S = 15 * MINUTE_S
#: if reconcile has not run for this long, it is not running
RECONCILED_WITHIN_S = 2 * RECONCILE_EVERY_S + 5 * MINUTE_S

#: the same for the audit; Genesys' record is at worst a day behind
AUDITED_WITHIN_S = DAY_S + 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class Case:
    """Something that waits for a person. `name` is what the commands take."""

    kind: str
    name: str
    state: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A reading and its problems, one sentence each, with the runbook's section."""

    reading: Reading
    states: Mapping[str, int]
    overdue: int
    review: int
    quarantined: int
    #: all cases, of each kind the oldest first
    cases: Sequence[Case]
    troubles: Sequence[str]


def judge(reading: Reading) -> Standing:
    """Judge a reading."""
    cases = _cases(reading)
    counts = Counter(case.kind for case in cases)
    troubles = [
        *(
            f"ALARM {alarm.name} since {iso(alarm.since_ms)}: {alarm.says}"
            for alarm in reading.alarms
        ),
        *_of_queues(reading.depths),
        *_of_cases(cases),
        *_of_reconcile(reading),
        *_of_audit(reading),
        *(
            f"{name} {sentence} Runbook: GenesysFailing."
            for name, circuit in reading.circuits.items()
            if (sentence := _pause_of(circuit, reading.turned_away_s(name)))
        ),
    ]
    return Standing(
        reading=reading,
        states=Counter(entry.state for entry in reading.attention),
        overdue=counts["overdue"],
        review=counts["review"],
        quarantined=counts[UNREADABLE],
        cases=cases,
        troubles=troubles,
    )


def _cases(reading: Reading) -> list[Case]:
    due = [
        Case(entry.attention, entry.batch_id, entry.state, entry.due_at_s * 1000)
        for entry in reading.attention
        if entry.attention == REVIEW or entry.due_at_s * 1000 <= reading.now_ms
    ]
    unreadable = [
        Case(UNREADABLE, one.name, "QUARANTINED", one.since_ms) for one in reading.quarantine
    ]
    return due + unreadable


def _of_queues(depths: Mapping[str, Depth]) -> Iterator[str]:
    if dead := {name: depth.dead for name, depth in depths.items() if depth.dead}:
        told = ", ".join(f"{count} in {name}-dead" for name, count in dead.items())
        yield f"Dead letters: {told}. See `relay dead-letters list`. Runbook: DeadLetters."
    behind = {name: depth.oldest_s or 0 for name, depth in depths.items()}
    if behind := {name: oldest_s for name, oldest_s in behind.items() if oldest_s > BEHIND_S}:
        told = ", ".join(f"{name} by {age(oldest_s)}" for name, oldest_s in behind.items())
        yield f"Behind: {told}. Runbook: Backlog."


def _of_cases(cases: Sequence[Case]) -> Iterator[str]:
    """How many of each kind there are, and the one that has waited longest."""
    for kind in KINDS:
        found = [case for case in cases if case.kind == kind.name]
        if found:
            oldest_first = sorted(found, key=lambda case: case.since_ms)
            yield sentence(kind, [case.name for case in oldest_first])


def _of_reconcile(reading: Reading) -> Iterator[str]:
    if not reading.is_scheduled:
        return
    if reading.reconciled is None:
        yield "reconcile has not finished a run within a day. Runbook: ReconcileFailing."
    elif reading.now_ms - reading.reconciled.at_ms > RECONCILED_WITHIN_S * 1000:
        since = iso(reading.reconciled.at_ms)
        yield f"reconcile has not finished a run since {since}. Runbook: ReconcileFailing."


def _of_audit(reading: Reading) -> Iterator[str]:
    audited = reading.audited
    if audited is None:
        return
    if audited.missing:
        yield (
            f"{plural(audited.missing, 'event')} of "
            f"{plural(audited.missing_conversations, 'conversation')} never arrived between "
            f"{iso(audited.since_ms)} and {iso(audited.until_ms)}: `relay audit` lists them. "
            "Runbook: MissingConversations."
        )
    if reading.now_ms - audited.at_ms > AUDITED_WITHIN_S * 1000:
        yield (
            f"The daily audit has not finished since {iso(audited.at_ms)}. Runbook: AuditFailing."
        )
    if audited.at_ms - audited.until_ms > AUDITED_WITHIN_S * 1000:
        yield (
            f"The last audit covered nothing after {iso(audited.until_ms)}: Genesys' own record "
            "ends there. Runbook: AuditFailing."
        )


def _pause_of(circuit: Circuit, seconds: float) -> str:
    """What a destination's breaker reports, or a pause that Genesys asked for; else empty."""
    if circuit.is_open:
        next_try = f"in {seconds:.0f} s" if seconds else "now"
        since = iso(circuit.opened_at_ms)
        return (
            f"failed too often: its circuit breaker has been open since {since}; the next attempt "
            f"is {next_try}."
        )
    return f"asked for a pause of {seconds:.0f} s more." if seconds else ""
