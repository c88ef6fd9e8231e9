"""reconcile: every 15 minutes, whatever was left behind; bounded, repeatable, safe to lose.

    every dead-letter queue ─▶ work again (later each time) │ a person │ already done │ not now
    every overdue record ────▶ aligned with Genesys' truth │ sent again │ a person │ later

A redriven message is sent before its dead letter is deleted; what a message says is protected by
claims and records, however often it is said; a record changes by conditional transitions only. So
two runs at once, or one that dies half way, do nothing twice and leave nothing undone. A run holds
ten dead letters or a page of records in memory, and reads the index of what needs attention, never
the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from lambdas.relay.kinds import kind_of_text
from lambdas.relay.limits import (
    QUERIES_PER_RUN_MAX,
    RECORDS_PER_PAGE,
    RECORDS_PER_RUN_MAX,
    REDRIVES_PER_RUN_MAX,
    SQS_ENTRIES_MAX,
)
from lambdas.relay.moments import iso
from lambdas.relay.ports import Delivery, Item, Ledger, Outgoing, Queue, Telemetry, Vault
from lambdas.relay.requests.damage import shelving
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.repairs import put_right
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.sealing import Batch, decode, is_unclaimed
from lambdas.relay.tally import Result
from lambdas.relay.vault_keys import QUARANTINE

#: records listed per run for the metrics
LISTED_MAX = 1_000
NO_ROOM = Person(
    "it is so large that nobody could count how often it was sent back to work",
    "Look why it cannot be worked on; put it into its queue again by hand.",
)
UNFORESEEN = "something is wrong with it that nobody foresaw; the log of reconcile says where"
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
    home = _home(letter.body, line, needs)
    verdict = _judge(letter, home, needs, result)
    if isinstance(verdict, Redrive) and REDRIVES not in attributes:
        verdict = NO_ROOM
    match verdict:
        case Redrive(delay_s):
            home.source.send([Outgoing(letter.body, attributes, delay_s)])
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


def _home(text: str, line: Line, needs: Needs) -> Line:
    """The queue that a letter belongs in: a person may have redriven it into any other."""
    match kind_of_text(text):
        case "envelope":
            name = "events"
        case "check":
            name = "checks"
        case "batch" if is_unclaimed(text):
            name = "batches"
        case "batch" if line.name not in ("batches", "writes"):
            name = "writes"
        case _:
            name = line.name
    return next(each for each in needs.lines if each.name == name)


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
        state=None if item is None else Record.of(item).state,
        is_configured=is_configured,
        is_turned_away=is_configured and overdue.is_turned_away(name, needs.overdue),
        backoff_s=needs.overdue.timing.redrive_backoff_s,
    )


def _settle_timer(batch_id: str, needs: Needs, result: Result) -> Verdict:
    """Whatever comes of it, the record is on the list of the overdue until it is settled."""
    item = needs.ledger.find([record_key(batch_id)])[0]
    if item is not None and item.get("attention") == OVERDUE:
        fate = overdue.attend(item, needs.overdue)
        result.note(fate, item, needs.now_ms() // 1000)
    return Clear()


def _give_to_person(letter: Delivery, cause: str, advice: str, needs: Needs) -> bool:
    """True once a person is on record as responsible; False while somebody still works on it."""
    now_ms = needs.now_ms()
    try:
        batch = decode(letter.body)
    except Malformed:
        batch = None
    if batch is None or batch.target == CANDIDATES or _goes_on_in_others(batch, needs):
        # An envelope, a check, events without a route, or what no record of its own can hold: the
        # quarantine keeps it as it is.
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


def _goes_on_in_others(batch: Batch, needs: Needs) -> bool:
    item = needs.ledger.find([record_key(batch.batch_id)])[0]
    return item is not None and Record.of(item).state in ("SPLIT", "MERGED")


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
            attend = partial(_attend, item, needs, result)
            if not _alone(attend, needs, result, batch=item["pk"].removeprefix("R#")):
                needs.ledger.change(
                    item["pk"], item["sk"], *shelving(item, REVIEW, needs.now_ms(), UNFORESEEN)
                )
            if result.out_of_requests:
                return
            asked += overdue.asks(item, needs.overdue)
            moved += 1
        looked_at += moved
        if not moved:
            return


def _attend(item: Item, needs: Needs, result: Result) -> None:
    if put_right(item, needs.ledger, needs.telemetry, needs.now_ms()):
        return  # it comes again in this run, as it is then
    fate = overdue.attend(item, needs.overdue)
    if fate == "unasked":
        result.out_of_requests = True
    else:
        result.note(fate, item, needs.now_ms() // 1000)


# --- what is left


def _measure(needs: Needs, result: Result) -> None:
    """What this run put off or sent again is overdue still, though the index does not say so."""
    listed, oldest_s = _listed(OVERDUE, needs)
    result.overdue = listed + result.postponed + result.resent
    result.oldest_overdue_s = max(oldest_s, result.oldest_overdue_s)
    result.in_review, result.oldest_review_s = _listed(REVIEW, needs)
    result.in_quarantine = needs.vault.count(QUARANTINE, LISTED_MAX)
    result.tell(needs.telemetry)


def _listed(attention: str, needs: Needs) -> tuple[int, int]:
    """How many records are listed, and for how long the first has been."""
    now_s = needs.now_ms() // 1000
    keys = needs.ledger.due(attention, now_s, LISTED_MAX)
    first = needs.ledger.find(keys[:1])[0] if keys else None
    return len(keys), max(0, now_s - int(first.get("due_at", now_s))) if first else 0
