"""Mistakes about what an answer means."""

from collections.abc import Iterable, Sequence
from typing import Any

from lambdas.relay.destinations import journey, results
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.functions import attempt
from lambdas.relay.genesys import client, outcomes
from lambdas.relay.genesys.outcomes import Accepted, Deferred, Outcome, Refused, Unsure, judge
from lambdas.relay.genesys.unknown_outcome import Verdict, after_refusal
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.ledger.claims import claim_key
from lambdas.relay.messages.consumer import Disposition, Done
from lambdas.relay.messages.sealing import Batch, SealedEvent
from simulation.memory.ledger import MemoryLedger
from simulation.mutants.mutant import UNANSWERED, Mutant
from simulation.mutants.stages import some_items_fail

_conclude = attempt.Attempt.conclude


def _unknown_is_done(self: attempt.Attempt, outcome: Outcome) -> Disposition:
    if isinstance(outcome, Unsure):
        self.deps.vault.discard(sealed_key(self.batch.batch_id))
        return Done()
    return _conclude(self, outcome)


def _unknown_is_split(self: attempt.Attempt, outcome: Outcome) -> Disposition:
    if isinstance(outcome, Unsure):
        return self.split_or_reject(outcome.reason)
    return _conclude(self, outcome)


def _unknown_releases(self: attempt.Attempt, outcome: Outcome) -> Disposition:
    """Deletes the claims, as Powertools deletes its record when the function raises."""
    ledger = self.deps.ledger
    if isinstance(outcome, Unsure) and isinstance(ledger, MemoryLedger):
        for event in self.batch.events:
            key = claim_key(event, self.batch.target.destination)
            if key in ledger._table.items:
                ledger._table.remove(key)
    return _conclude(self, outcome)


def _judged_as(meaning: str) -> Any:
    """A judge that mistakes some answers for others."""

    def other(
        answer: Answer | NotSent | Unanswered,
        batch: Batch,
        destination: Destination,
        now_ms: int,
    ) -> Outcome:
        match answer:
            case Unanswered() if meaning == "unanswered":
                return Deferred(Code.QUOTED("no answer"), None, None)
            case Answer(status) if status >= 500 and meaning == "errors":
                return Deferred(Code.STATUS(status), None, status)
            case Answer(429) if meaning == "limits":
                return Refused(429, Code.RATE_LIMIT(), "")
            case _:
                return judge(answer, batch, destination, now_ms)

    return other


def _by_status(answer: Answer, batch: Batch, destination: Destination) -> Outcome:
    return Accepted((), "", "")


def _no_failures(document: Any, events: Sequence[SealedEvent]) -> Sequence[ItemFailure] | None:
    return () if isinstance(document, dict) else None


def _conflict_is_success(status: int, destination: Destination) -> Verdict:
    if status == 409 and destination.key.repeat_answers_409:
        return "applied"
    return after_refusal(status, destination)


def _every_row(rows: Iterable[tuple[int, bool, str]]) -> Sequence[ItemFailure]:
    return [ItemFailure(*row) for row in rows]


def _any_index(value: Json, count: int) -> int | None:
    return value % count if isinstance(value, int) else None


def _as_it_says(header: str | None, now_ms: int) -> float | None:
    return float(header) if header is not None and header.isdecimal() else None


OUTCOMES = (
    Mutant(
        "an unknown outcome is acknowledged",
        "It was logged; the message can go, and what is kept of it.",
        ((attempt.Attempt, "conclude", _unknown_is_done),),
    ),
    Mutant(
        "an unknown outcome splits the batch",
        "Something in it must be bad.",
        ((attempt.Attempt, "conclude", _unknown_is_split),),
    ),
    Mutant(
        "an unknown outcome releases the claims",
        "The work failed, so another copy may try.",
        ((attempt.Attempt, "conclude", _unknown_releases),),
    ),
    Mutant(
        "no answer means no effect",
        "The client timed out, so nothing happened.",
        ((client, "judge", _judged_as("unanswered")),),
        regimes=("ignored, read back", "ignored, manual"),
        storm=UNANSWERED,
    ),
    Mutant(
        "a 5xx means no effect",
        "The server failed, so nothing happened.",
        ((client, "judge", _judged_as("errors")),),
    ),
    Mutant(
        "a 429 is a refusal",
        "A 4xx is the client's fault.",
        ((client, "judge", _judged_as("limits")),),
    ),
    Mutant(
        "success is a status",
        "200 is 200, whosever page it is.",
        ((outcomes, "_accepted", _by_status),),
    ),
    Mutant(
        "failures among the items are not read",
        "The request was accepted.",
        ((journey, "read_results", _no_failures),),
    ),
    Mutant(
        "what says nothing is asked for again and again",
        "It may say more next time.",
        ((attempt.Attempt, "_is_everybodys", lambda self: True),),
        regimes=("ignored", "ids honoured"),
        storm={"error document": 0.9, "429 hours": 0.0},
    ),
    Mutant(
        "each failure is an item's",
        "There is one row for each item that failed.",
        ((results, "merged", _every_row),),
        storm={"failure twice": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "an index is an index",
        "Genesys counts from nought, as we do.",
        ((results, "place_of", _any_index),),
        storm={"failure unnamed": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "Retry-After is seconds",
        "The standard says so.",
        ((outcomes, "retry_after_s", _as_it_says),),
        storm={"429 absurd": 0.3},
    ),
    Mutant(
        "whoever refuses is Genesys",
        "A 400 is a 400.",
        ((outcomes, "is_genesys_own", lambda answer: True),),
        storm={"foreign refusal": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "404 refuses, whatever the path names",
        "What is not there will not be.",
        ((outcomes, "REFUSALS", outcomes.REFUSALS | outcomes.GONE),),
        storm={"path gone": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "a conflict is for a person at once",
        "Genesys refuses it, so somebody should look.",
        ((attempt, "CONFLICT_MAX_S", 0),),
        storm={"conflict": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "409 says that every item took effect",
        "The key was used, so the request is done.",
        ((attempt, "after_refusal", _conflict_is_success),),
        regimes=("answered 409, item by item",),
        storm=UNANSWERED,
        stage=some_items_fail,
    ),
)
