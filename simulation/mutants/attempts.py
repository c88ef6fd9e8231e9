"""Mistakes about the right to send: leases, keys, unknown outcomes, missing records."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from lambdas.relay.destinations.destination import Destination, KeyPolicy
from lambdas.relay.destinations.truth import Expectation, Truth
from lambdas.relay.functions import attempt, leasing, write
from lambdas.relay.genesys.client import Genesys, Posted
from lambdas.relay.genesys.truth import NoAnswer, NotAskable, ask
from lambdas.relay.genesys.unknown_outcome import Step, before_posting
from lambdas.relay.kernel.limits import Timing
from lambdas.relay.kernel.ports import Answer, Change, Guard, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.sending import Opened, opening, releasing, sealed_item
from simulation.fault_plan import Kind
from simulation.mutants.mutant import UNANSWERED, Mutant
from simulation.mutants.stages import few, some_items_fail
from simulation.rivals.regrouping import regrouping_function
from simulation.scenario import Scenario

_open_request = leasing.open_request
_post = Genesys.post
_call = Genesys._call
_body = Batch.body
_numbers = count()


def _no_lease(
    now_ms: int, lease_until_ms: int, holder: str, **carried: object
) -> tuple[Guard, Change]:
    guard, change = opening(now_ms, lease_until_ms, holder, **carried)
    return replace(guard, lease_before_ms=None), change


def _short_lease(
    now_ms: int, lease_until_ms: int, holder: str, **carried: object
) -> tuple[Guard, Change]:
    return opening(now_ms, now_ms + 5_000, holder, **carried)


def _listed_often(opened: Opened) -> tuple[Guard, Change]:
    return opened.guard, Change(put={"reposts": opened.reposts + 1_000})


def _fresh_key(self: Genesys, batch: Batch, destination: Destination) -> Posted:
    original, self._http = self._http, _FreshKeys(self._http)  # type: ignore[assignment]
    try:
        return _post(self, batch, destination)
    finally:
        self._http = original


class _FreshKeys:
    """Gives each POST a key of its own."""

    def __init__(self, http: Any) -> None:
        self._http = http

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        if "Idempotency-Key" in headers:
            headers = {**headers, "Idempotency-Key": f"attempt-{next(_numbers)}"}
        answer: Answer | NotSent | Unanswered = self._http.send(method, url, headers, body)
        return answer


def _retrying_call(
    self: Genesys, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> Any:
    for _ in range(3):
        answer = _call(self, method, path, headers, body)
        if not isinstance(answer, Unanswered):
            break
    return answer


def _reopen(batch: Batch, deps: attempt.Deps, now_ms: int, deadline_ms: int) -> Any:
    deps.ledger.insert([sealed_item(batch, now_ms)])
    return _open_request(batch, deps, now_ms, deadline_ms)


def _release_clears_doubt(
    opened: Opened, now_ms: int, note: Reason, conflict_since_ms: int | None = None
) -> tuple[Guard, Change]:
    guard, change = releasing(opened, now_ms, note, conflict_since_ms)
    return guard, replace(change, drop=change.drop | {"doubt_since_ms"})


def _no_read_back(doubt_since_ms: int | None, destination: Destination, now_ms: int) -> Step:
    step = before_posting(doubt_since_ms, destination, now_ms)
    return "post" if step == "ask Genesys" else step


def _body_with_time(self: Batch) -> bytes:
    return _body(self)[:-1] + b',"sentAt":%d}' % next(_numbers)


def _one_is_all(truth: Truth, expected: Sequence[Expectation], *given: Any) -> Any:
    shown = ask(truth, expected, *given)
    if isinstance(shown, NoAnswer | NotAskable):
        return shown
    there = [each for each in shown if each.comparison == "agrees"]
    return [there[0] for _ in expected] if there else shown


def _sent_again(scenario: Scenario) -> Scenario:
    """Weeks later, when DynamoDB has deleted what has expired."""
    rates: dict[Kind, float] = {"message sent again": 1.0, "ttl deletion": 1.0}
    return replace(scenario, rates={**scenario.rates, **rates})


ATTEMPTS = (
    Mutant(
        "no lease",
        "Whoever receives the message sends the request.",
        ((leasing, "opening", _no_lease),),
        storm={"delivered twice": 0.5, "stall": 0.05, "429 hours": 0.0},
    ),
    Mutant(
        "a lease shorter than the timeout",
        "Five seconds are plenty for one request.",
        ((leasing, "opening", _short_lease),),
        regimes=("ignored, read back",),
        storm={"delivered twice": 0.3, "late effect": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "no quarantine",
        "The lease ends with the invocation; the request may take effect after it (R1).",
        ((Timing, "quarantine_s", 0.0),),
        regimes=("ignored, read back",),
        storm={"delivered twice": 0.3, "late effect": 0.5, "stall": 0.02, "429 hours": 0.0},
    ),
    Mutant(
        "a fresh key per attempt",
        "Each POST gets a UUID of its own.",
        ((Genesys, "post", _fresh_key),),
    ),
    Mutant(
        "the client repeats by itself",
        "The HTTP library retries what was not answered, as the official SDK does.",
        ((Genesys, "_call", _retrying_call),),
    ),
    Mutant(
        "another body under the same key",
        "The body says when it was sent.",
        ((Batch, "body", _body_with_time),),
    ),
    Mutant(
        "requests are composed of what arrived",
        "write takes ten messages and makes one request of them, keyed by their content.",
        functions={"write": regrouping_function},
        regroups=True,
        regimes=("honoured", "honoured, judged first", "ignored", "ignored, read back"),
    ),
    Mutant(
        "a later 429 clears the doubt",
        "This attempt had no effect, so none had (R2).",
        ((attempt, "releasing", _release_clears_doubt),),
        regimes=("honoured for a while", "honoured for a while, read back"),
        storm={"unanswered effect": 0.4, "429 hours": 0.3},
        stage=few,
    ),
    Mutant(
        "a refusal is a refusal",
        "A 4xx means that nothing happened, whatever was sent before (R3).",
        ((attempt, "after_refusal", lambda status, destination: "rejected"),),
    ),
    Mutant(
        "a key is trusted for ever",
        "Genesys honours keys; how long it remembers them is its own affair (R4).",
        ((KeyPolicy, "trusted", lambda self, since_ms, now_ms: self.honoured_s > 0),),
        regimes=("honoured for a while", "honoured for a while, read back"),
        storm={"unanswered effect": 0.4, "429 hours": 0.3},
        stage=few,
    ),
    Mutant(
        "a missing record is written anew",
        "The record has gone, so this must be the first attempt (R5).",
        ((write, "open_request", _reopen),),
        regimes=("copies weeks later, keys forgotten",),
        stage=_sent_again,
    ),
    Mutant(
        "a missing record was final",
        "Only what is final expires, so this was done, and its message can go.",
        ((leasing, "park", lambda *_, **__: None),),
        regimes=("honoured",),
        storm={"ledger restored": 1.0, "429 hours": 0.2},
    ),
    Mutant(
        "sent again without asking",
        "Doubt or not, the request goes out once more.",
        ((attempt, "before_posting", _no_read_back),),
        regimes=("ignored, read back",),
        storm=UNANSWERED,
    ),
    Mutant(
        "one item read back speaks for all",
        "The first one is there, so the request took effect.",
        ((attempt, "ask", _one_is_all),),
        regimes=("ignored, read back",),
        storm=UNANSWERED,
        stage=some_items_fail,
    ),
    Mutant(
        "a possible duplicate goes unlisted",
        "The counter is for statistics; it can wait.",
        ((attempt.Attempt, "list_repost", lambda self: True),),
        regimes=("ignored",),
        storm=UNANSWERED,
    ),
    Mutant(
        "a possible duplicate is listed a thousand times",
        "Rather too many than too few.",
        ((attempt, "reposting", _listed_often),),
        regimes=("ignored",),
        storm=UNANSWERED,
    ),
)
