"""What an answer of Genesys means for the request: the pure part of every attempt.

Judged by status *and* body: a 2xx whose body is not the endpoint's may be a proxy's page, so
nobody knows. Only a 4xx that the service itself gave means that nothing happened, and only
while no earlier attempt is in doubt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination, ItemFailure, read_document
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.messages.sealing import Batch, key_text, label


@dataclass(frozen=True, slots=True)
class Accepted:
    """It took effect, but for the items that failed."""

    failures: Sequence[ItemFailure]
    genesys_id: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Genesys read the request and will not have it."""

    status: int
    reason: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """It certainly had no effect; the same request may work later."""

    reason: str
    retry_after_s: float | None
    status: int | None
    #: something is broken; False: nothing is, there was only no slot or no time
    is_fault: bool = True


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have taken effect."""

    reason: str


Outcome = Accepted | Refused | Deferred | Unsure

METRIC_OF: Mapping[type[Outcome], Metric] = {
    Accepted: "RequestsAccepted",
    Refused: "RequestsRefused",
    Deferred: "RequestsDeferred",
    Unsure: "RequestsUnsure",
}

#: refused for what the request says, so that repeating it is useless
REFUSALS = frozenset({400, 409, 413, 415, 422})


def judge(
    answer: Answer | NotSent | Unanswered, batch: Batch, destination: Destination, now_ms: int
) -> Outcome:
    """One attempt's outcome."""
    match answer:
        case NotSent(reason):
            return Deferred(reason, None, None)
        case Unanswered(reason):
            return Unsure(reason)
        case Answer(status) if 200 <= status < 300:
            return _accepted(answer, batch, destination)
        case Answer(status) if status in REFUSALS:
            return Refused(status, words(answer), header(answer, "inin-correlation-id"))
        case Answer(429):
            wait = retry_after_s(header(answer, "retry-after") or None, now_ms)
            return Deferred("429: rate limit", wait, 429, is_fault=False)
        case Answer(status) if 300 <= status < 500 and status != 408:
            # 401 after a fresh token, 403, 404, 405, a redirect: a fault of the set-up. Nothing
            # happened, nothing will until somebody mends it.
            return Deferred(words(answer), None, status)
        case Answer(status):
            return Unsure(f"status {status}")


def _accepted(answer: Answer, batch: Batch, destination: Destination) -> Outcome:
    try:
        document = read_document(answer.body)
    except ValueError:
        return Unsure(f"status {answer.status} with a body that is not JSON")
    failures = destination.read_results(document, batch.events)
    if failures is None:
        return Unsure(f"status {answer.status} with a body that is not the endpoint's")
    return Accepted(
        failures=failures,
        genesys_id=key_text(str(document.get("id", ""))) if isinstance(document, dict) else "",
        context_id=label(header(answer, "inin-correlation-id")),
    )


def words(answer: Answer) -> str:
    """Genesys' own words about an error, in one line."""
    try:
        document: Json = read_document(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        return f"{answer.status}"
    code, message = document.get("code", ""), document.get("message", "")
    return " ".join(str(part) for part in (answer.status, code, message) if part)


def header(answer: Answer, name: str) -> str:
    """A header's value whatever its case, "" where there is none."""
    return next((v for k, v in answer.headers.items() if k.lower() == name), "")
