"""Messages of the checks queue: events that concern a request, and timers that wait for them."""

from dataclasses import asdict, astuple, dataclass
from typing import Literal

from lambdas.relay.destinations.correlation import read_facts
from lambdas.relay.kernel.canonical import canonical, read_json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.field_types import holds, is_encodable
from lambdas.relay.kernel.limits import SQS_DELAY_MAX_S
from lambdas.relay.kernel.message_kinds import refuse_other
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import SealedEvent

#: event: an event about a request; window: the confirming event should have come by now; hold: the
#: events that an early one waits for should have come by now
Kind = Literal["event", "window", "hold"]
KINDS: tuple[Kind, ...] = ("event", "window", "hold")


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as confirm needs it."""

    identity: str
    detail_type: str
    topic: str
    envelope_id: str
    conversation_id: str
    entity: str
    session: str
    sequence: int | None
    occurred_at_ms: int | None
    #: as rendered for a destination, "" for an event that no route takes; stored if it contradicts
    item: str

    @property
    def name(self) -> str:
        """For histories: its type and its identity."""
        return f"{self.topic or self.detail_type} {self.envelope_id or self.identity}"


@dataclass(frozen=True, slots=True)
class Check:
    kind: Kind
    batch_id: str
    event: Heard | None = None


def event_check(event: SealedEvent, batch_id: str) -> Outgoing:
    """Tells confirm of an event that a request of ours caused, or whose order its record keeps."""
    facts = read_facts(event)
    heard = Heard(
        identity=event.identity,
        detail_type=facts.detail_type,
        topic=event.topic,
        envelope_id=event.envelope_id,
        conversation_id=event.conversation_id,
        entity=facts.entity,
        session=facts.session,
        sequence=facts.sequence,
        occurred_at_ms=facts.occurred_at_ms,
        item=event.item,
    )
    return tell(heard, batch_id)


def tell(heard: Heard, batch_id: str) -> Outgoing:
    """The same for an event that was already read."""
    described = {
        "kind": "event",
        "batch": batch_id,
        "topic": heard.topic,
        "identity": heard.identity,
        "envelope": heard.envelope_id,
        "conversation": heard.conversation_id,
    }
    return Outgoing(
        canonical({"kind": "event", "batch_id": batch_id, "event": asdict(heard)}),
        {name: value for name, value in described.items() if value},
    )


def timer(kind: Literal["window", "hold"], batch_id: str, seconds: float) -> Outgoing:
    """A timer that is delivered after so many seconds, at most SQS's 15 minutes."""
    return Outgoing(
        canonical({"kind": kind, "batch_id": batch_id}),
        {"kind": kind, "batch": batch_id},
        min(SQS_DELAY_MAX_S, max(0, round(seconds))),
    )


def _is_sound(heard: Heard) -> bool:
    """Whether its members have the right types and fit into a record."""
    texts = (value for value in astuple(heard) if isinstance(value, str))
    return holds(heard) and all(map(is_encodable, texts))


def read_check(text: str) -> Check:
    """Raises Malformed."""
    document = read_json(text, "the check")
    refuse_other(document, "check")
    try:
        kind, batch_id, event = document["kind"], document["batch_id"], document.get("event")
        if kind not in KINDS or (kind == "event") != (event is not None):
            raise Malformed(Code.NO_CHECK(f"{kind!r} is no kind of them"))
        check = Check(kind, batch_id, None if event is None else Heard(**event))
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(Code.NO_CHECK(repr(error))) from error
    if not holds(check) or not (check.event is None or _is_sound(check.event)):
        raise Malformed(Code.NO_CHECK("a member has the wrong type or value"))
    return check
