"""webhook: puts events that are posted over HTTPS into the events queue, as envelopes like those of
the buses.

What an answer means:
    200  the event is durable in the queue; the same event again is 200 again, and is a copy
    400  the body is no event; 401 nobody we know signed it, or not lately; 403 its sender may not
         send this type; 413 it is too large
    429  too many at once, of this sender or of all; 503 the queue did not say that it has it. We do
         not vouch for it: send it again, and if it was queued after all, that is a copy

The sender is part of an event's identity, so the path names it and its own key authenticates it.
The identity in the ledger decides whether an event is a copy, never a clock: the replay window only
limits how long a recorded signed request can be replayed, and a replay within it is a copy like any
other.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lambdas.relay.entrances.allowance import Allowance
from lambdas.relay.entrances.arrivals import ENTRANCE
from lambdas.relay.entrances.business import TYPE_CHARS_MAX
from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.entrances.proofs import SENDER, Proof, Request
from lambdas.relay.entrances.reading import kind, text
from lambdas.relay.kernel.canonical import Json, canonical, read_json
from lambdas.relay.kernel.errors import Malformed, Throttled, Transient
from lambdas.relay.kernel.labels import label
from lambdas.relay.kernel.limits import WEBHOOK_BODY_BYTES_MAX, WEBHOOK_RETRY_AFTER_S
from lambdas.relay.kernel.patterns import fits
from lambdas.relay.kernel.personal import hidden, owner
from lambdas.relay.kernel.ports import (
    Clock,
    Entropy,
    Ledger,
    Outgoing,
    Queue,
    SenderKeys,
    Telemetry,
)
from lambdas.relay.kernel.reasons import Code, Reason, sentence
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.ledger.claims import was_claimed

#: the name of the document in answers to senders
BODY = "the body"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Mapping[str, Json]
    headers: Mapping[str, str] = field(default_factory=dict)
    #: why it was not accepted; None: it was
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What tells whether an event was claimed."""

    ledger: Ledger
    #: the environment's key for personal names; raises Transient
    personal_key: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Deps:
    events: Queue
    keys: SenderKeys
    clock: Clock
    entropy: Entropy
    telemetry: Telemetry
    proof: Proof
    #: per authenticated sender
    allowance: Allowance
    #: for all requests together that match no cached key
    strangers: Allowance
    #: patterns of the types that a sender may send; senders not listed may send any
    sender_types: Mapping[str, Sequence[str]]
    #: None: answers do not report copies
    known: Known | None = None


def receive(request: Request, deps: Deps) -> Reply:
    """Handles one request; the answer is 200 only once the event is durable."""
    reply = _answer(request, deps)
    match reply.status:
        case 200:
            deps.telemetry.count("WebhookTaken")
        case 429 | 503:
            deps.telemetry.count("WebhookPutOff")
        case _:
            deps.telemetry.count("WebhookRefused")
    if reply.status != 200:
        deps.telemetry.note(
            "webhook", status=reply.status, reason=reply.reason, sender=_named(request)
        )
    return reply


def _answer(request: Request, deps: Deps) -> Reply:
    if len(request.body) > WEBHOOK_BODY_BYTES_MAX:
        return _refusal(413, Code.BODY_TOO_LARGE(len(request.body)))
    try:
        return _turned_away(request, deps) or _take(request, deps)
    except Malformed as malformed:
        # Senders do not know the envelope and its detail, only the body.
        return _refusal(400, malformed.reason.with_name("detail", BODY))
    except Throttled as throttled:
        deps.telemetry.note("webhook throttled", reason=throttled.reason)
        return _put_off(429, Code.TOO_MANY_EVENTS())
    except Transient as transient:
        deps.telemetry.note("webhook unavailable", reason=transient.reason)
        return _put_off(503, Code.NOT_QUEUED())


def _take(request: Request, deps: Deps) -> Reply:
    """Queues the event of an authenticated sender. Raises Malformed or Transient."""
    envelope = _envelope(request, deps)
    if not _may_send(request.sender, envelope["detail-type"], deps):
        return _refusal(403, Code.NOT_PERMITTED(request.sender))
    message = canonical(envelope)
    event = parse_event(message, deps.clock.now_ms())
    is_known = _is_known(event, deps)
    deps.events.send([Outgoing(message, _described(event))])
    deps.telemetry.note(
        "webhook", status=200, identity=event.identity, correlation=event.correlation_id
    )
    answer: dict[str, Json] = {"status": "queued", "identity": event.identity}
    if is_known:
        answer["duplicate"] = True
    if (notice := deps.proof.notice(request)) is not None:
        answer["notice"] = notice
    return Reply(200, answer)


def _turned_away(request: Request, deps: Deps) -> Reply | None:
    """The answer to an unauthenticated request or to one beyond a quota; None: it is accepted."""
    now_ms = deps.clock.now_ms()
    if not deps.proof.fits(request, deps.keys, now_ms):
        # The key may be newer than the cached ones; how often they are read again is limited.
        if not deps.strangers.take("", now_ms):
            return _put_off(429, Code.TOO_MANY_STRANGERS())
        stranger = deps.proof.stranger(request, deps.keys, now_ms)
        if stranger is not None:
            return _stranger(request, stranger, deps)
    if not deps.allowance.take(request.sender, now_ms):
        return _put_off(429, Code.TOO_MANY_REQUESTS(deps.allowance.per_minute))
    return None


def _stranger(request: Request, reason: Reason, deps: Deps) -> Reply:
    """If a sender with a key is refused, its key or clock is wrong or somebody else uses its name:
    this is counted for an alarm."""
    if deps.keys.of(request.sender, fresh=False):
        deps.telemetry.count("WebhookSenderUnproven")
    return _refusal(401, reason)


def _named(request: Request) -> str:
    """The sender's name in the request; a name that no sender can have is not logged."""
    return request.sender if SENDER.fullmatch(request.sender) else "no sender"


def _refusal(status: int, reason: Reason) -> Reply:
    return Reply(status, {"error": sentence(reason)}, reason=reason)


def _put_off(status: int, reason: Reason) -> Reply:
    return replace(_refusal(status, reason), headers={"retry-after": str(WEBHOOK_RETRY_AFTER_S)})


def _envelope(request: Request, deps: Deps) -> Mapping[str, Json]:
    """The event as a bus would deliver it. Raises Malformed."""
    try:
        sent = request.body.decode("utf-8-sig")  # some libraries begin with a byte order mark
    except UnicodeDecodeError as error:
        raise Malformed(Code.NOT_UTF8(BODY, error.start)) from error
    detail = read_json(sent, BODY)
    if not isinstance(detail, dict):
        raise Malformed(Code.NOT_AN_OBJECT(BODY, kind(detail)))
    if detail.get("eventBody") is not None:
        raise Malformed(Code.BODY_OF_GENESYS())
    # An event without a type has its sender's only type.
    type_ = request.sender if detail.get("type") is None else text(detail, "type", BODY)
    if len(type_) > TYPE_CHARS_MAX:
        raise Malformed(Code.MEMBER_LENGTH(BODY, "type", len(type_), TYPE_CHARS_MAX))
    return {
        "version": "0",
        "id": str(uuid.UUID(hex=deps.entropy.token())),
        "detail-type": type_,
        "source": request.sender,
        "time": iso(deps.clock.now_ms()),
        "resources": [],
        "detail": detail,
    }


def _may_send(sender: str, type_: str, deps: Deps) -> bool:
    return any(fits(type_, pattern) for pattern in deps.sender_types.get(sender, ["*"]))


def _is_known(event: Event, deps: Deps) -> bool:
    """Whether the event was claimed before this request. This only informs the sender; the event is
    queued in any case. Events in progress are not known yet, and if the ledger does not answer,
    nothing is reported."""
    if deps.known is None:
        return False
    name = label(event.conversation_id or "")
    try:
        places = [hidden(name, deps.known.personal_key), owner(name, event.content, event.identity)]
        return any(
            was_claimed(place, event.identity, event.payload_hash, deps.known.ledger)
            for place in filter(None, places)
        )
    except Transient as transient:
        deps.telemetry.note("copy unknown", reason=transient.reason, identity=event.identity)
        return False


def _described(event: Event) -> Mapping[str, str]:
    return {
        ENTRANCE: "webhook",
        "identity": event.identity,
        "correlation": event.correlation_id or "",
    }
