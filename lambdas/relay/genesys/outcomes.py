"""The outcome of a request, judged from Genesys' answer: the pure part of every attempt.

Judged by status *and* body. A 2xx proves only what the endpoint's own document says: a proxy's page
or an error document proves nothing, and a document whose details do not match the items shows only
that the request was accepted. A 4xx refuses an event only if it is Genesys' own; from anything else
it is a fault in between, and had no effect either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.correlation import COMPENSATION
from lambdas.relay.destinations.destination import Destination, read_document
from lambdas.relay.destinations.results import (
    ItemFailure,
    Unreadable,
    created_id,
    failures_in,
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
    """It took effect, except for the items that failed."""

    failures: Sequence[ItemFailure]
    genesys_id: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """It was accepted, but the results of its items cannot be read: the answer names other items,
    or contradicts itself. A repetition would get the same answer."""

    reason: Reason
    #: the answer, for a person
    answer: str
    genesys_id: str
    context_id: str
    #: False: it is not in a form of this endpoint. Several in a row are not caused by the requests
    is_in_form: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Genesys read the request and refused it."""

    status: int
    reason: Reason
    context_id: str
    #: the time after which to repeat it, if the answer gives one
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """It certainly had no effect; the same request may work later."""

    reason: Reason
    retry_after_s: float | None
    status: int | None
    #: something failed; False: there was only no slot or no time
    is_fault: bool = True


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have taken effect."""

    reason: Reason
    #: the time after which to repeat it, if the answer gives one
    retry_after_s: float | None = None
    #: the body of a 2xx that says nothing about the request, for a person; else None
    answer: str | None = None


Outcome = Accepted | Unclear | Refused | Deferred | Unsure

METRIC_OF: Mapping[type[Outcome], Metric] = {
    Accepted: "RequestsAccepted",
    Unclear: "RequestsUnclear",
    Refused: "RequestsRefused",
    Deferred: "RequestsDeferred",
    Unsure: "RequestsUnsure",
}

#: refused because of the request's content, so that repeating it is useless
REFUSALS = frozenset({400, 409, 413, 415, 422})
#: the resource does not exist. If the path names the event's own conversation, or the body is one
#: event's, this is about that event alone; otherwise the configuration is wrong, and every event is
#: affected.
GONE = frozenset({404, 410})
#: 403 with this code: the client's role does not cover the division of the resource
OF_A_DIVISION = "missing.division.permission"
#: below 500, but it may have taken effect: something in between stopped waiting (nginx answers 499,
#: an Application Load Balancer 460), or the result is elsewhere (RFC 9110, 15.4.4)
MAY_HAVE_HAPPENED = frozenset({303, 408, 460, 499})
NOT_IN_FORM = Unreadable(Code.FOREIGN_ANSWER())


def judge(
    answer: Answer | NotSent | Unanswered, batch: Batch, destination: Destination, now_ms: int
) -> Outcome:
    """The outcome of one attempt."""
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
            # 401 after a fresh token, 403, a missing path, a redirect, or a proxy's own answer. It
            # had no effect, and will have none until the cause is fixed.
            says = Code.GENESYS_SAYS if is_genesys_own(answer) else Code.SAID_ON_THE_WAY
            return Deferred(says(words(answer)), wait, status)
        case status:
            return Unsure(Code.STATUS(status), wait)


def _refuses(answer: Answer, batch: Batch, destination: Destination) -> bool:
    if answer.status == 413 and len(batch.events) > 1:
        return True  # whoever finds it too large: its halves are smaller
    names_its_event = (
        bool(destination.path_values)
        or destination.shape == "single"
        or batch.events[0].topic == COMPENSATION
    )
    refuses = answer.status in REFUSALS or (names_its_event and _is_of_one(answer))
    return refuses and is_genesys_own(answer)


def _is_of_one(answer: Answer) -> bool:
    """Whether it is about the resource in the path, and not about all requests."""
    is_out_of_reach = answer.status == 403 and _object(answer).get("code") == OF_A_DIVISION
    return answer.status in GONE or is_out_of_reach


def is_genesys_own(answer: Answer) -> bool:
    """Whether an error has Genesys' own form (SDK model ErrorBody) and id: CloudFront, a firewall
    or a gateway in between has no `contextId` and no `ININ-Correlation-Id`. A status that is a
    string or missing is no contradiction."""
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
    read = failures_in(document, batch.events, destination.read_results)
    if read is None and document is None and answer.status == 200:
        return Unsure(Code.NOTHING_ANSWERED(), answer=text)
    ids = key_text(created_id(document)), context_id(answer)
    results = NOT_IN_FORM if read is None else read
    if isinstance(results, Unreadable):
        return Unclear(results.reason, text, *ids, is_in_form=read is not None)
    return Accepted(results, *ids)


def told(answer: Answer) -> Json:
    """The document of a 2xx, None if it is empty. Raises Malformed if it is not Genesys' answer, or
    an error."""
    try:
        document = read_document(answer.body)
    except ValueError:
        raise Malformed(Code.STATUS_NOT_JSON(answer.status)) from None
    if is_error(document):
        raise Malformed(Code.STATUS_ERROR(answer.status, words(answer)))
    return document


def context_id(answer: Answer) -> str:
    """Genesys' own id of a request, from the header or the error body; "" if there is none."""
    found = header(answer, "inin-correlation-id") or _object(answer).get("contextId")
    return label(found) if isinstance(found, str) else ""


#: other names of Genesys' `code` and `message`: Lambda's, AWS', RFC 9457's
CODES = ("code", "errorcode", "errortype", "__type", "title")
MESSAGES = ("message", "errormessage", "detail")


def words(answer: Answer) -> str:
    """The error message of the other side in one line: Genesys' `code` and `message`, or OAuth's
    `error` and its description."""
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
    """The answer's document, empty if it is not an object."""
    try:
        document: Json = read_document(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def header(answer: Answer, name: str) -> str:
    """A header's value, by a case-insensitive name; "" if it is missing."""
    return next((v for k, v in answer.headers.items() if k.lower() == name), "")
