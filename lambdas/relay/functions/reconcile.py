"""reconcile: every 15 minutes, handles dead letters and overdue records; bounded and repeatable.

    every dead-letter queue ─▶ work again (later each time) │ a person │ already done │ not now
    every overdue record ────▶ aligned with Genesys' truth │ sent again │ a person │ later

A redriven message is sent before its dead letter is deleted; claims and records make repeated
messages harmless; records change only by conditional transitions. So two concurrent runs, or one
that crashes, do nothing twice and leave nothing undone. A run holds ten dead letters or a page of
records in memory, and reads the attention index, never the table.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from lambdas.relay.correlation.checks import read_check
from lambdas.relay.destinations.correlation import CANDIDATES
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.entrances.arrivals import FIRST_SEEN, Arrival
from lambdas.relay.entrances.events import Reader, parse_event
from lambdas.relay.functions import overdue
from lambdas.relay.functions.redriving import (
    Clear,
    DeadBatch,
    Keep,
    Person,
    Redrive,
    Verdict,
    judge_batch,
    judge_message,
)
from lambdas.relay.functions.repairs import put_right
from lambdas.relay.functions.taken import settle_taken
from lambdas.relay.functions.tally import Result
from lambdas.relay.kernel.errors import Malformed, Transient
from lambdas.relay.kernel.lanes import without_lane, writes_queue
from lambdas.relay.kernel.limits import (
    QUERIES_PER_RUN_MAX,
    RECORDS_PER_PAGE,
    RECORDS_PER_RUN_MAX,
    REDRIVES_PER_RUN_MAX,
    SQS_ENTRIES_MAX,
)
from lambdas.relay.kernel.message_kinds import kind_of_text
from lambdas.relay.kernel.ports import Delivery, Item, Outgoing, Queue
from lambdas.relay.kernel.reasons import Code, Reason, read_reason
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.kernel.vault_keys import QUARANTINE
from lambdas.relay.messages.consumer import about, place
from lambdas.relay.messages.dead_letters import REASON, REDRIVES, count, fitting
from lambdas.relay.messages.glimpse import is_unclaimed, lane_of
from lambdas.relay.messages.quarantine import READ_AGAIN, keep_aside
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests.damage import shelving
from lambdas.relay.requests.record import Record, batch_id_of, record_key
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.review.cases import complete, open_case, park, park_unrecorded
from lambdas.relay.review.waiting import LISTED_MAX

NO_ROOM = Person(
    Code.UNCOUNTABLE(),
    "Find out why it cannot be processed; then put it into its queue again by hand.",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A queue and its dead letters."""

    name: str
    source: Queue
    dead: Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps(overdue.Deps):
    lines: Sequence[Line]
    #: reads envelopes as intake does
    reader: Reader
    #: of `Ports`
    resume_redrive: Callable[[str], bool]


def reconcile(deps: Deps, deadline_ms: int) -> Result:
    """Works until nothing is left, or time or a limit is used up. Raises Transient."""
    result = Result()
    deps.breakers.begin()
    silent: list[Transient] = []
    lines = [partial(_reconcile_line, line, deps, result, deadline_ms) for line in deps.lines]
    for work in (*lines, partial(_sweep, deps, result, deadline_ms)):
        try:
            work()
        except Transient as transient:
            silent.append(
                transient
            )  # a queue or the ledger is out of reach: continue with the next
    _measure(deps, result)
    if silent:
        raise silent[0]
    return result


def _alone(act: Callable[[], None], deps: Deps, result: Result, **named: object) -> bool:
    """Does one piece of work on its own, so that an error does not affect the others. False if it
    failed: then it stays as it was and is logged. Raises Transient."""
    try:
        act()
    except Transient:
        raise
    except Malformed as malformed:
        reason = malformed.reason
    except Exception as unexpected:  # noqa: BLE001 our own bug must not affect the others
        reason = Code.UNEXPECTED(type(unexpected).__name__, place(unexpected))
    else:
        return True
    result.failed += 1
    deps.telemetry.count("Unexpected")
    deps.telemetry.note("left as it was", reason=reason, **named)
    return False


# --- dead letters


def _reconcile_line(line: Line, deps: Deps, result: Result, deadline_ms: int) -> None:
    if deps.resume_redrive(line.name):
        deps.telemetry.note("redrive taken up again", queue=line.name)
    for _ in range(REDRIVES_PER_RUN_MAX // SQS_ENTRIES_MAX):
        if deps.clock.now_ms() > deadline_ms:
            result.out_of_time = True
            return
        dead_letters = line.dead.receive(SQS_ENTRIES_MAX)
        if not dead_letters:
            return
        for dead_letter in dead_letters:
            _alone(
                partial(_reconcile_letter, dead_letter, line, deps, result),
                deps,
                result,
                queue=line.name,
                **about(dead_letter),
            )


def _reconcile_letter(dead_letter: Delivery, line: Line, deps: Deps, result: Result) -> None:
    # These first, since a message has at most ten attributes: one limits the redrives, the other is
    # the time for the horizon (SQS keeps the first sending's time only when it moves a message
    # itself).
    counted = {
        REDRIVES: str(count(dead_letter.attributes, REDRIVES) + 1),
        FIRST_SEEN: dead_letter.attributes.get(FIRST_SEEN) or iso(dead_letter.sent_at_ms),
    }
    attributes = fitting(dead_letter.body, {**counted, **dead_letter.attributes, **counted})
    home = _home(dead_letter.body, line, deps)
    verdict = _judge(dead_letter, home, deps, result)
    if isinstance(verdict, Redrive) and REDRIVES not in attributes:
        verdict = NO_ROOM
    match verdict:
        case Redrive(delay_s):
            home.source.send([Outgoing(dead_letter.body, attributes, delay_s)])
            line.dead.delete(dead_letter)
            result.redriven += 1
        case Person() if settle_taken(dead_letter.body, deps):
            line.dead.delete(dead_letter)
            result.cleared += 1
        case Person(cause, advice):
            if _give_to_person(dead_letter, cause, advice, deps):
                line.dead.delete(dead_letter)
                result.parked += 1
            else:
                result.kept += 1
        case Keep():
            result.kept += 1
        case Clear():
            line.dead.delete(dead_letter)
            result.cleared += 1


def _home(text: str, line: Line, deps: Deps) -> Line:
    """The queue that a dead letter belongs to: a person may have redriven it into another."""
    match kind_of_text(text):
        case "envelope":
            name = "events"
        case "check":
            name = "checks"
        case "batch" if is_unclaimed(text):
            name = "batches"
        case "batch" if without_lane(line.name) not in ("batches", "writes"):
            name = writes_queue(lane_of(text))
        case _:
            name = line.name
    lines = {each.name: each for each in deps.lines}
    return lines.get(name) or lines["writes"]  # of a lane that no longer exists


def _judge(dead_letter: Delivery, line: Line, deps: Deps, result: Result) -> Verdict:
    """The verdict on a dead letter. A timer is handled here: its record says what is due."""
    redrives = count(dead_letter.attributes, REDRIVES)
    why = read_reason(dead_letter.attributes.get(REASON, str(Code.UNSAID())))
    backoff_s = deps.timing.redrive_backoff_s
    try:
        if line.name == "checks":
            check = read_check(dead_letter.body)
            if check.kind != "event":
                return _settle_timer(check.batch_id, deps, result)
        elif line.name == "events":
            now_ms = deps.clock.now_ms()
            parse_event(dead_letter.body, now_ms, deps.reader, Arrival.of(dead_letter, now_ms))
        else:
            age_s = (deps.clock.now_ms() - dead_letter.sent_at_ms) / 1000
            return _judge_batch(decode(dead_letter.body), line, redrives, why, age_s, deps)
    except Malformed as malformed:
        return judge_message(line.name, redrives, why, wrong=malformed.reason, backoff_s=backoff_s)
    return judge_message(line.name, redrives, why, wrong=None, backoff_s=backoff_s)


def _judge_batch(
    batch: Batch, line: Line, redrives: int, why: Reason, age_s: float, deps: Deps
) -> Verdict:
    item = deps.ledger.find([record_key(batch.batch_id)])[0]
    known = of_target(batch.target, deps.destinations)
    state = None if item is None else Record.of(item).state
    put_right(item, deps)
    complete(batch, state, deps.vault)
    return judge_batch(
        line.name,
        redrives,
        why,
        DeadBatch(
            state=state,
            is_configured=batch.target == CANDIDATES or known is not None,
            is_turned_away=overdue.is_turned_away(known, deps),
            age_s=age_s,
        ),
        backoff_s=deps.timing.redrive_backoff_s,
    )


def _settle_timer(batch_id: str, deps: Deps, result: Result) -> Verdict:
    """In any case the record stays on the overdue list until it is settled."""
    item = deps.ledger.find([record_key(batch_id)])[0]
    if item is None:
        park_unrecorded(batch_id, ledger=deps.ledger, vault=deps.vault, now_ms=deps.clock.now_ms())
    elif item.get("attention") == OVERDUE:
        fate = overdue.attend(item, deps)
        result.note(fate, item, deps.clock.now_ms() // 1000)
    return Clear()


def _give_to_person(dead_letter: Delivery, cause: Reason, advice: str, deps: Deps) -> bool:
    """True once the case is recorded for a person; False while a function still works on it."""
    now_ms = deps.clock.now_ms()
    try:
        batch = decode(dead_letter.body)
    except Malformed:
        batch = None
    if batch is None or batch.target == CANDIDATES or _goes_on_in_others(batch, deps):
        # An envelope, a check, or events without a route, which have no record: the quarantine
        # keeps them unchanged.
        held_in = dead_letter.attributes.get(READ_AGAIN, "")
        keep_aside(dead_letter.body, cause, deps.vault, now_ms, advice, held_in=held_in)
        return True
    return park(
        batch,
        "MANUAL_REVIEW",
        cause,
        ledger=deps.ledger,
        vault=deps.vault,
        now_ms=now_ms,
        advice=advice,
    )


def _goes_on_in_others(batch: Batch, deps: Deps) -> bool:
    item = deps.ledger.find([record_key(batch.batch_id)])[0]
    return item is not None and Record.of(item).state in ("SPLIT", "MERGED")


# --- overdue records


def _sweep(deps: Deps, result: Result, deadline_ms: int) -> None:
    """Attends to overdue records until time or requests run out."""
    asked = 0
    for item in _due(deps):
        if deps.clock.now_ms() > deadline_ms:
            result.out_of_time = True
            return
        if asked >= QUERIES_PER_RUN_MAX:
            result.out_of_requests = True
            return
        attend = partial(_attend, item, deps, result)
        if not _alone(attend, deps, result, batch=item["pk"].removeprefix("R#")):
            _shelve(item, deps)
        if result.out_of_requests:
            return
        asked += overdue.asks(item, deps)


def _due(deps: Deps) -> Iterator[Item]:
    """Overdue records, oldest first, a page at a time. One that is attended to leaves the list or
    moves to its end, so the next page is another one; a page without a due record is the last."""
    looked_at, due = 0, 1
    while due and looked_at < RECORDS_PER_RUN_MAX:
        keys, due = deps.ledger.due(OVERDUE, deps.clock.now_ms() // 1000, RECORDS_PER_PAGE), 0
        for item in deps.ledger.find(keys) if keys else []:
            if item is not None and overdue.is_due(item, deps.clock.now_ms()):
                due += 1
                yield item
        looked_at += due


def _attend(item: Item, deps: Deps, result: Result) -> None:
    if put_right(item, deps):
        return  # it comes again in this run, repaired
    fate = overdue.attend(item, deps)
    if fate == "unasked":
        result.out_of_requests = True
    else:
        result.note(fate, item, deps.clock.now_ms() // 1000)


def _shelve(item: Item, deps: Deps) -> None:
    now_ms = deps.clock.now_ms()
    guard, change = shelving(item, REVIEW, now_ms, Code.UNFORESEEN())
    if "reason" in change.put:  # now it is a person's
        reason = read_reason(change.put["reason"])
        open_case(batch_id_of(item["pk"]), reason, deps.vault, now_ms)
    deps.ledger.change(item["pk"], item["sk"], guard, change)


# --- what is left


def _measure(deps: Deps, result: Result) -> None:
    """Records that this run postponed or sent again still count as overdue, though the index does
    not list them."""
    listed, oldest_s = _listed(OVERDUE, deps)
    result.overdue = listed + result.postponed + result.resent
    result.oldest_overdue_s = max(oldest_s, result.oldest_overdue_s)
    result.in_review, result.oldest_review_s = _listed(REVIEW, deps)
    result.in_quarantine = len(deps.vault.keys(QUARANTINE, LISTED_MAX))
    result.tell(deps.telemetry)


def _listed(attention: str, deps: Deps) -> tuple[int, int]:
    """How many records are listed, and for how long the first one has been."""
    now_s = deps.clock.now_ms() // 1000
    keys = deps.ledger.due(attention, now_s, LISTED_MAX)
    first = deps.ledger.find(keys[:1])[0] if keys else None
    return len(keys), max(0, now_s - int(first.get("due_at", now_s))) if first else 0
