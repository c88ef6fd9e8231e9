"""Asking Genesys for the effect of a request: one way for all functions.

write asks before it repeats a request with an unknown outcome, confirm when an event did not come
in time, reconcile when a request was not settled in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.truth import Comparison, Expectation, Truth
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.outcomes import GONE, Deferred, is_genesys_own, told
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.paths import filled
from lambdas.relay.kernel.ports import Answer, Telemetry
from lambdas.relay.kernel.reasons import Code, Reason


@dataclass(frozen=True, slots=True)
class Found:
    """Something is there."""

    document: Json


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is there."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Genesys gave no answer; `wait_s` if it said when to ask again."""

    reason: Reason
    wait_s: float | None = None
    #: no answer came, or none from Genesys itself
    is_outage: bool = True


@dataclass(frozen=True, slots=True)
class NotAskable:
    """Genesys cannot be asked, or no key is known."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What Genesys shows under one key, compared with what was expected."""

    key: str
    comparison: Comparison
    document: Json = None


def ask(
    truth: Truth | None,
    expected: Sequence[Expectation],
    batch_id: str,
    genesys: Genesys,
    telemetry: Telemetry,
) -> Sequence[Shown] | NoAnswer | NotAskable:
    """Asks under each key, until one differs from what was expected. Raises Transient."""
    if truth is None or not expected:
        return NotAskable()
    shown: list[Shown] = []
    for each in expected:
        try:
            path, question = _asked(truth, each.key)
        except Malformed:
            return NotAskable()
        telemetry.count("RecoveryQueries")
        match look(genesys, path, batch_id, question):
            case NoAnswer() as silent:
                return silent
            case Missing():
                shown.append(Shown(each.key, "absent"))
            case Found(document):
                shown.append(Shown(each.key, truth.compare(document, each.shows), document))
        if shown[-1].comparison == "differs":
            break
    return shown


def _asked(truth: Truth, key: str) -> tuple[str, Json]:
    """The path and the body, None for a GET. Raises Malformed if the key is none."""
    if truth.question is None:
        return filled(truth.path, {"key": key}), None
    if not key:
        raise Malformed(Code.NO_ID("key"))
    return truth.path, truth.question(key)


def look(
    genesys: Genesys, path: str, correlation_id: str, question: Json = None
) -> Found | Missing | NoAnswer:
    """As with a write, a 404 that is not Genesys' own, or an error document under 200, proves
    nothing. Raises Transient if the secret cannot be read."""
    answer = genesys.get(path, correlation_id, question)
    if not isinstance(answer, Answer):
        return NoAnswer(
            answer.reason, answer.retry_after_s if isinstance(answer, Deferred) else None
        )
    if answer.status in GONE and is_genesys_own(answer):
        return Missing()
    if answer.status != 200:
        is_outage = answer.status >= 500 or answer.status in GONE
        return NoAnswer(Code.STATUS(answer.status), is_outage=is_outage)
    try:
        document = told(answer)
    except Malformed as malformed:
        return NoAnswer(malformed.reason)
    return NoAnswer(Code.NOTHING_ANSWERED()) if document is None else Found(document)
