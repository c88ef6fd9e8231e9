"""What an answer of Genesys means for the request: the pure part of every attempt.

Judged by status *and* body. A 2xx proves only what the endpoint's own document says: a proxy's page
or an error document may stand for anything, and of a document whose details name nothing of ours
it is known that the request was taken, and no more. A 4xx refuses an event only in Genesys' own
words; anybody else's is a fault of the way to it. Nothing happened then either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.correlation import COMPENSATION
from lambdas.relay.destinations.destination import Destination, read_document
from lambdas.relay.destinations.results import (
    ItemFailure,
    Unreadable,
    created_id,
    is_error,
    place_of,
    rows_of,
)
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.labels import key_text, label
from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.sealing import Batch


@dataclass(frozen=True, slots=True)
class Accepted:
    """It took effect, but for the items that failed."""

    failures: Sequence[ItemFailure]
    genesys_id: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """It was accepted, and what became of its items cannot be read: the answer names items that
    are none of ours, or contradicts itself. The same request would be answered the same."""

    reason: Reason
    #: the answer, for a person
    answer: str
    genesys_id: str
    context_id: str
    #: False: it is in no form that this endpoint answers in. One after another, that is not the
    #: requests' doing
    is_in_form: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Genesys read the request and will not have it."""

    status: int
    reason: Reason
    context_id: str
    #: where the answer said when to ask again
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """It certainly had no effect; the same request may work later."""

    reason: Reason
    retry_after_s: float | None
    status: int | None
    #: something is broken; False: nothing is, there was only no slot or no time
    is_fault: bool = True


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have taken effect."""

    reason: Reason
    #: where the answer said when to ask again
    retry_after_s: float | None = None
    #: a 2xx that says nothing of the request, for a person; None: no such came
    answer: str | None = None


Outcome = Accepted | Unclear | Refused | Deferred | Unsure

METRIC_OF: Mapping[type[Outcome], Metric] = {
    Accepted: "RequestsAccepted",
    Unclear: "RequestsUnclear",
    Refused: "RequestsRefused",
    Deferred: "RequestsDeferred",
    Unsure: "RequestsUnsure",
}

#: refused for what the request says, so that repeating it is useless
REFUSALS = frozenset({400, 409, 413, 415, 422})
#: what is asked for is not there. Where the path names the event's own conversation, that is said
#: of this event alone; elsewhere the set-up is wrong, and with it every event.
GONE = frozenset({404, 410})
#: 403 with this code: the client's role does not reach the division of what is asked for
OF_A_DIVISION = "missing.division.permission"
#: below 500, and yet it may have happened: somebody on the way gave up waiting (nginx says 499, an
#: Application Load Balancer 460), or it was done and its result is elsewhere (RFC 9110, 15.4.4)
MAY_HAVE_HAPPENED = frozenset({303, 408, 460, 499})
NOT_IN_FORM = Unreadable(Code.FOREIGN_ANSWER())


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
    wait = retry_after_s(header(answer, "retry-after") or None, now_ms)
    match answer.status:
        case 429:
            return Deferred(Code.RATE_LIMIT(), wait, 429, is_fault=False)
        case 503 | 413 as status if wait is not None:
            # Maintenance (RFC 9110, 15.6.4), or too large for now (15.5.14): it was not started.
            return Deferred(Code.GENESYS_SAYS(words(answer)), wait, status, is_fault=False)
        case status if _refuses(answer, batch, destination):
            return Refused(status, Code.GENESYS_SAYS(words(answer)), context_id(answer), wait)
        case status if 300 <= status < 500 and status not in MAY_HAVE_HAPPENED:
            # 401 after a fresh token, 403, a path that is not there, a redirect, or a proxy that
            # speaks for itself. Nothing happened, nothing will until somebody mends it.
            says = Code.GENESYS_SAYS if is_genesys_own(answer) else Code.SAID_ON_THE_WAY
            return Deferred(says(words(answer)), wait, status)
        case status:
            return Unsure(Code.STATUS(status), wait)


def _refuses(answer: Answer, batch: Batch, destination: Destination) -> bool:
    if answer.status == 413 and len(batch.events) > 1:
        return True  # whoever finds it too large: its halves are smaller
    names_its_event = bool(destination.path_values) or batch.events[0].topic == COMPENSATION
    refuses = answer.status in REFUSALS or (names_its_event and _is_of_one(answer))
    return refuses and is_genesys_own(answer)


def _is_of_one(answer: Answer) -> bool:
    """Whether it is said of what the path names, and not of everything."""
    is_out_of_reach = answer.status == 403 and _object(answer).get("code") == OF_A_DIVISION
    return answer.status in GONE or is_out_of_reach


def is_genesys_own(answer: Answer) -> bool:
    """Whether an error is in Genesys' own form (SDK model ErrorBody) and under its own id:
    CloudFront, a firewall or a gateway on the way has no `contextId` and no
    `ININ-Correlation-Id`. A status that is told as a text, or not at all, contradicts nothing."""
    document = _object(answer)
    speaks = any(isinstance(document.get(name), str) for name in ("code", "message"))
    agrees = place_of(document.get("status"), 1000) in (None, answer.status)
    return (speaks or bool(document.get("errors"))) and agrees and bool(context_id(answer))


def _accepted(answer: Answer, batch: Batch, destination: Destination) -> Outcome:
    text = answer.body.decode("utf-8", "replace")
    try:
        document = told(answer)
    except Malformed as malformed:
        return Unsure(malformed.reason, answer=text)
    read = destination.read_results(document, batch.events)
    if read is None and document is None and answer.status == 200:
        return Unsure(Code.NOTHING_ANSWERED(), answer=text)
    ids = key_text(created_id(document)), context_id(answer)
    results = NOT_IN_FORM if read is None else read
    if isinstance(results, Unreadable):
        return Unclear(results.reason, text, *ids, is_in_form=read is not None)
    return Accepted(results, *ids)


def told(answer: Answer) -> Json:
    """What a 2xx tells, None where it is empty. Raises Malformed where that is a page of somebody
    else's, or an error."""
    try:
        document = read_document(answer.body)
    except ValueError:
        raise Malformed(Code.STATUS_NOT_JSON(answer.status)) from None
    if is_error(document):
        raise Malformed(Code.STATUS_ERROR(answer.status, words(answer)))
    return document


def context_id(answer: Answer) -> str:
    """Genesys' own id of a request, from the header or the error body; "" where there is none."""
    found = header(answer, "inin-correlation-id") or _object(answer).get("contextId")
    return label(found) if isinstance(found, str) else ""


#: what others call Genesys' `code` and `message`: Lambda, AWS, RFC 9457
CODES = ("code", "errorcode", "errortype", "__type", "title")
MESSAGES = ("message", "errormessage", "detail")


def words(answer: Answer) -> str:
    """The other side's own words about an error, in one line: Genesys' `code` and `message`, or
    OAuth's `error` and its description."""
    said = _folded(_object(answer))
    if said.get("error") and "code" not in said:
        if not isinstance(said["error"], Mapping):
            told = said.get("error_description") or said.get("description") or said.get("message")
            return f"{answer.status} {said['error']}" + (f": {told}" if told else "")
        said = _folded(said["error"])
    first = next(iter(rows_of(said.get("errors"))), None)
    if first is not None and not any(said.get(name) for name in CODES + MESSAGES):
        said = _folded(first)
    code = next((said[name] for name in CODES if said.get(name)), "")
    message = next((said[name] for name in MESSAGES if said.get(name)), "")
    return " ".join(str(part) for part in (answer.status, code, message) if part)


def _folded(document: Mapping[str, Json]) -> Mapping[str, Json]:
    return {str(name).casefold(): value for name, value in document.items()}


def _object(answer: Answer) -> Mapping[str, Json]:
    """The answer's document, empty where it is no object."""
    try:
        document: Json = read_document(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def header(answer: Answer, name: str) -> str:
    """A header's value whatever its case, "" where there is none."""
    return next((v for k, v in answer.headers.items() if k.lower() == name), "")
