"""reconcile: every 15 minutes, dead letters back to work or to a person; bounded, repeatable.

Each step is safe to repeat and to lose: a redriven message is sent before its dead letter is
deleted, and what a message says is protected by claims and records, however often it is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.canonical import canonical, digest, short
from lambdas.relay.errors import Malformed
from lambdas.relay.limits import REDRIVES_MAX, REDRIVES_PER_RUN_MAX, SQS_ENTRIES_MAX
from lambdas.relay.ports import Clock, Delivery, Ledger, Outgoing, Queue, Telemetry, Vault
from lambdas.relay.requests import OVERDUE, REVIEW
from lambdas.relay.review import park
from lambdas.relay.sealing import decode

#: the message attribute that counts how often a dead letter was sent back to work
REDRIVES = "redrives"
#: records listed per run for the metrics
LISTED_MAX = 1_000


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
    clock: Clock
    telemetry: Telemetry


@dataclass(slots=True)
class Result:
    """What one run did: its one line of result."""

    redriven: int = 0
    parked: int = 0
    kept: int = 0
    overdue: int = 0
    in_review: int = 0
    out_of_time: bool = False


def reconcile(needs: Needs, deadline_ms: int) -> Result:
    """Works through every dead-letter queue until it is empty or time or count is used up."""
    result = Result()
    for line in needs.lines:
        _reconcile_line(line, needs, result, deadline_ms)
    now_s = needs.clock.now_ms() // 1000
    result.overdue = len(needs.ledger.due(OVERDUE, now_s, LISTED_MAX))
    result.in_review = len(needs.ledger.due(REVIEW, now_s, LISTED_MAX))
    needs.telemetry.count("Redriven", result.redriven)
    needs.telemetry.count("Overdue", result.overdue)
    needs.telemetry.count("InReview", result.in_review)
    return result


def _reconcile_line(line: Line, needs: Needs, result: Result, deadline_ms: int) -> None:
    for _ in range(REDRIVES_PER_RUN_MAX // SQS_ENTRIES_MAX):
        if needs.clock.now_ms() > deadline_ms:
            result.out_of_time = True
            return
        letters = line.dead.receive(SQS_ENTRIES_MAX)
        if not letters:
            return
        for letter in letters:
            _reconcile_letter(letter, line, needs, result)


def _reconcile_letter(letter: Delivery, line: Line, needs: Needs, result: Result) -> None:
    redrives = int(letter.attributes.get(REDRIVES, "0"))
    if redrives < REDRIVES_MAX:
        attributes = {**letter.attributes, REDRIVES: str(redrives + 1)}
        line.source.send([Outgoing(letter.body, attributes)])
        line.dead.delete(letter)
        result.redriven += 1
    elif _give_to_person(letter, line, needs):
        line.dead.delete(letter)
        result.parked += 1
    else:
        result.kept += 1


def _give_to_person(letter: Delivery, line: Line, needs: Needs) -> bool:
    """True once a person is on record as responsible; False while somebody still works on it."""
    reason = f"dead-lettered by {line.name} after {REDRIVES_MAX} redrives"
    now_ms = needs.clock.now_ms()
    try:
        batch = decode(letter.body)
    except Malformed:
        # An envelope or a check: no batch owns it, so the quarantine keeps it as it is.
        name = short(digest("quarantine", letter.body), 26)
        document = canonical({"reason": reason, "at_ms": now_ms, "message": letter.body})
        needs.vault.keep(f"quarantine/{name}.json", document)
        return True
    return park(
        batch, "MANUAL_REVIEW", reason, ledger=needs.ledger, vault=needs.vault, now_ms=now_ms
    )
