"""reconcile: every 15 minutes, whatever was left behind; bounded, repeatable, safe to lose.

    every dead-letter queue ─▶ work again (later each time) │ a person │ already done │ not now
    every overdue record ────▶ aligned with Genesys' truth │ sent again │ a person │ later

A redriven message is sent before its dead letter is deleted; what a message says is protected by
claims and records, however often it is said; a record changes by conditional transitions only. So
two runs at once, or one that dies half way, do nothing twice and leave nothing undone. A run holds
ten dead letters or a page of records in memory, and reads the index of what needs attention, never
the table.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from lambdas.relay import overdue
from lambdas.relay.attention.letters import REASON, REDRIVES, count, fitting
from lambdas.relay.attention.redriving import (
    Clear,
    Keep,
    Person,
    Redrive,
    Verdict,
    judge_batch,
    judge_message,
)
from lambdas.relay.attention.review import park
from lambdas.relay.canonical import canonical, digest, short
from lambdas.relay.correlating.checks import read_check
from lambdas.relay.deliveries import about, place
from lambdas.relay.destinations.correlation import CANDIDATES
from lambdas.relay.entrances.arrivals import FIRST_SEEN
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.errors import Malformed, Transient
from lambdas.relay.limits import (
    OVERDUE_S,
    QUERIES_PER_RUN_MAX,
    RECORDS_PER_PAGE,
    RECORDS_PER_RUN_MAX,
    REDRIVES_PER_RUN_MAX,
    SQS_ENTRIES_MAX,
)
from lambdas.relay.metrics import Metric
from lambdas.relay.moments import iso
from lambdas.relay.ports import Delivery, Item, Ledger, Outgoing, Queue, Telemetry, Vault
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.sealing import Batch, decode
from lambdas.relay.vault_keys import QUARANTINE

#: records listed per run for the metrics
LISTED_MAX = 1_000
NO_ROOM = Person(
    "it is so large that nobody could count how often it was sent back to work",
    "Look why it cannot be worked on; put it into its queue again by hand.",
)
UNSAID = "nobody said why; its function crashed or timed out"


@dataclass(frozen=True, slots=True)
class Line:
    """A queue and its dead letters."""

    name: str
    source: Queue
    dead: Queue


@dataclass(frozen=True, slots=True)
class Needs:
    lines: Sequence[Line]
    ledger: Ledger
    vault: Vault
    telemetry: Telemetry
    overdue: overdue.Needs

    def now_ms(self) -> int:
        return self.overdue.recovery.clock.now_ms()


@dataclass(slots=True)
class Result:
    """What one run did: its one line of result."""

    #: dead letters: back to work, to a person, done meanwhile, left for now
    redriven: int = 0
    parked: int = 0
    cleared: int = 0
    kept: int = 0
    #: overdue records: settled, sent again, to a person, put off
    aligned: int = 0
    resent: int = 0
    reviewed: int = 0
    postponed: int = 0
    #: letters and records that were left as they were, since something is wrong with them
    failed: int = 0
    #: what is left: overdue (as what was put off is), waiting for a person, and for how long
    overdue: int = 0
    in_review: int = 0
    in_quarantine: int = 0
    oldest_overdue_s: int = 0
    oldest_review_s: int = 0
    #: overdue records looked at, by state
    states: dict[str, int] = field(default_factory=dict)
    out_of_time: bool = False
    out_of_requests: bool = False


def reconcile(needs: Needs, deadline_ms: int) -> Result:
    """Works until there is nothing left, or time or a count is used up. Raises Transient."""
    result = Result()
    needs.overdue.admission.begin()
    silent: list[Transient] = []
    lines = [partial(_reconcile_line, line, needs, result, deadline_ms) for line in needs.lines]
    for work in (*lines, partial(_sweep, needs, result, deadline_ms)):
        try:
            work()
        except Transient as transient:
            silent.append(transient)  # one queue or the ledger is out of reach: so much for it
    _measure(needs, result)
    if silent:
        raise silent[0]
    return result


def _alone(act: Callable[[], None], needs: Needs, result: Result, **named: object) -> bool:
    """Does one piece of work; whatever is wrong with it says nothing about its neighbours. False
    where it failed: then it stays as it was, and is named. Raises Transient."""
    try:
        act()
    except Transient:
        raise
    except Malformed as malformed:
        reason = malformed.reason
    except Exception as unexpected:  # noqa: BLE001 a mistake of ours must not take its neighbours along
        reason = f"unexpected {type(unexpected).__name__} at {place(unexpected)}"
    else:
        return True
    result.failed += 1
    needs.telemetry.count("Unexpected")
    needs.telemetry.note("left as it was", reason=reason, **named)
    return False


# --- dead letters


def _reconcile_line(line: Line, needs: Needs, result: Result, deadline_ms: int) -> None:
    for _ in range(REDRIVES_PER_RUN_MAX // SQS_ENTRIES_MAX):
        if needs.now_ms() > deadline_ms:
            result.out_of_time = True
            return
        letters = line.dead.receive(SQS_ENTRIES_MAX)
        if not letters:
            return
        for letter in letters:
            _alone(
                partial(_reconcile_letter, letter, line, needs, result),
                needs,
                result,
                queue=line.name,
                **about(letter),
            )


def _reconcile_letter(letter: Delivery, line: Line, needs: Needs, result: Result) -> None:
    # First in their place, for a message has ten attributes: the one bounds the redrives, the other
    # is the horizon's clock (SQS keeps the first sending's time when it moves a message itself).
    counted = {
        REDRIVES: str(count(letter.attributes, REDRIVES) + 1),
        FIRST_SEEN: letter.attributes.get(FIRST_SEEN) or iso(letter.sent_at_ms),
    }
    attributes = fitting(letter.body, {**counted, **letter.attributes, **counted})
    verdict = _judge(letter, line, needs, result)
    if isinstance(verdict, Redrive) and REDRIVES not in attributes:
        verdict = NO_ROOM
    match verdict:
        case Redrive(delay_s):
            line.source.send([Outgoing(letter.body, attributes, delay_s)])
            line.dead.delete(letter)
            result.redriven += 1
        case Person(cause, advice):
            if _give_to_person(letter, cause, advice, needs):
                line.dead.delete(letter)
                result.parked += 1
            else:
                result.kept += 1
        case Keep():
            result.kept += 1
        case Clear():
            line.dead.delete(letter)
            result.cleared += 1


def _judge(letter: Delivery, line: Line, needs: Needs, result: Result) -> Verdict:
    """What becomes of a letter. A timer's is settled here: its record says what is due."""
    redrives = count(letter.attributes, REDRIVES)
    why = letter.attributes.get(REASON, UNSAID)
    backoff_s = needs.overdue.timing.redrive_backoff_s
    try:
        if line.name == "checks":
            check = read_check(letter.body)
            if check.kind != "event":
                return _settle_timer(check.batch_id, needs, result)
        elif line.name == "events":
            parse_event(letter.body, needs.now_ms())
        else:
            return _judge_batch(decode(letter.body), line, redrives, why, needs)
    except Malformed as malformed:
        return judge_message(line.name, redrives, why, wrong=malformed.reason, backoff_s=backoff_s)
    return judge_message(line.name, redrives, why, wrong="", backoff_s=backoff_s)


def _judge_batch(batch: Batch, line: Line, redrives: int, why: str, needs: Needs) -> Verdict:
    name = batch.target.destination
    item = needs.ledger.find([record_key(batch.batch_id)])[0]
    is_configured = batch.target == CANDIDATES or name in needs.overdue.recovery.destinations
    return judge_batch(
        line.name,
        redrives,
        why,
        state=None if item is None else item["state"],
        is_configured=is_configured,
        is_turned_away=is_configured and overdue.is_turned_away(name, needs.overdue),
        backoff_s=needs.overdue.timing.redrive_backoff_s,
    )


def _settle_timer(batch_id: str, needs: Needs, result: Result) -> Verdict:
    """Whatever comes of it, the record is on the list of the overdue until it is settled."""
    item = needs.ledger.find([record_key(batch_id)])[0]
    if item is not None and item.get("attention") == OVERDUE:
        fate = overdue.attend(item, needs.overdue)
        _note(fate, item, result, needs.now_ms() // 1000)
    return Clear()


def _give_to_person(letter: Delivery, cause: str, advice: str, needs: Needs) -> bool:
    """True once a person is on record as responsible; False while somebody still works on it."""
    now_ms = needs.now_ms()
    try:
        batch = decode(letter.body)
    except Malformed:
        batch = None
    if batch is None or batch.target == CANDIDATES:
        # An envelope, a check, or events without a route: the quarantine keeps it as it is.
        name = short(digest("quarantine", letter.body), 26)
        document = {"reason": cause, "advice": advice, "at_ms": now_ms, "message": letter.body}
        needs.vault.keep(f"{QUARANTINE}{name}.json", canonical(document))
        return True
    return park(
        batch,
        "MANUAL_REVIEW",
        cause,
        ledger=needs.ledger,
        vault=needs.vault,
        now_ms=now_ms,
        advice=advice,
    )


# --- overdue records


def _sweep(needs: Needs, result: Result, deadline_ms: int) -> None:
    """Oldest first, a page at a time. Whatever is attended to leaves the list or moves to its
    end, so the next page is another one; a page in which nothing moves ends the run."""
    looked_at = 0
    asked = 0
    while looked_at < RECORDS_PER_RUN_MAX:
        keys = needs.ledger.due(OVERDUE, needs.now_ms() // 1000, RECORDS_PER_PAGE)
        moved = 0
        for item in needs.ledger.find(keys) if keys else []:
            if needs.now_ms() > deadline_ms:
                result.out_of_time = True
                return
            if item is None or not overdue.is_due(item, needs.now_ms()):
                continue
            if asked >= QUERIES_PER_RUN_MAX:
                result.out_of_requests = True
                return
            asked += overdue.asks(item, needs.overdue)
            fate = overdue.attend(item, needs.overdue)
            if fate == "unasked":
                result.out_of_requests = True
                return
            _note(fate, item, result, needs.now_ms() // 1000)
            moved += 1
        looked_at += moved
        if not moved:
            return


def _note(fate: overdue.Fate, item: Item, result: Result, now_s: int) -> None:
    states = Counter(result.states)
    states[str(item["state"])] += 1
    result.states = dict(states)
    match fate:
        case "aligned":
            result.aligned += 1
        case "resent":
            result.resent += 1
        case "reviewed":
            result.reviewed += 1
        case "postponed":
            result.postponed += 1
            since_s = int(item.get("sealed_at_ms", 0)) // 1000 + OVERDUE_S
            result.oldest_overdue_s = max(result.oldest_overdue_s, now_s - since_s)
        case "changed" | "unasked":
            pass


# --- what is left


STATE_METRICS: Mapping[str, Metric] = {
    "SEALED": "OverdueSealed",
    "OPEN": "OverdueOpen",
    "PENDING_EVENT": "OverduePendingEvent",
    "TIMEOUT_RECOVERY": "OverdueTimeoutRecovery",
}


def _measure(needs: Needs, result: Result) -> None:
    """What this run put off is overdue still, though for a while the index does not say so."""
    listed, oldest_s = _listed(OVERDUE, needs)
    result.overdue = listed + result.postponed
    result.oldest_overdue_s = max(oldest_s, result.oldest_overdue_s)
    result.in_review, result.oldest_review_s = _listed(REVIEW, needs)
    result.in_quarantine = needs.vault.count(QUARANTINE, LISTED_MAX)
    telemetry = needs.telemetry
    telemetry.count("Redriven", result.redriven)
    telemetry.count("DeadLettersKept", result.kept)
    telemetry.count("DeadLettersCleared", result.cleared)
    telemetry.count("Overdue", result.overdue)
    telemetry.count("InReview", result.in_review)
    telemetry.count("InQuarantine", result.in_quarantine)
    telemetry.count("OldestOverdueSeconds", result.oldest_overdue_s)
    telemetry.count("OldestReviewSeconds", result.oldest_review_s)
    for state, metric in STATE_METRICS.items():
        telemetry.count(metric, result.states.get(state, 0))


def _listed(attention: str, needs: Needs) -> tuple[int, int]:
    """How many records are listed, and for how long the first has been."""
    now_s = needs.now_ms() // 1000
    keys = needs.ledger.due(attention, now_s, LISTED_MAX)
    first = needs.ledger.find(keys[:1])[0] if keys else None
    return len(keys), max(0, now_s - int(first.get("due_at", now_s))) if first else 0
