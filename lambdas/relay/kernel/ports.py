"""What the use cases need of the world. Each has a real adapter and one in the memory world,
and both pass the same contract suite (tests/contract)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.reasons import Reason

#: a DynamoDB item as plain values: str, int, bool, list, dict
Item = Mapping[str, Any]


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Entropy(Protocol):
    def fraction(self) -> float:
        """A number in [0, 1)."""
        ...

    def token(self) -> str:
        """128 unpredictable bits as 32 hexadecimal digits."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a queue hands it out."""

    message_id: str
    receipt: str
    body: str
    receives: int
    sent_at_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. Attributes are strings that the AWS console shows beside the body."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    delay_s: int = 0


class Outbox(Protocol):
    def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when every message is durable. Raises Transient when any may not be."""
        ...


class Queue(Outbox, Protocol):
    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        """Keeps a received message invisible for that long from now (12 h at most)."""
        ...

    def receive(self, most: int) -> Sequence[Delivery]: ...

    def delete(self, delivery: Delivery) -> None: ...


@dataclass(frozen=True, slots=True)
class Guard:
    """What a record must still be for a change to apply to it; unset parts do not matter."""

    #: None: in whatever state it is
    states: frozenset[str] | None
    attempt: int | None = None
    holder: str | None = None
    #: the lease ran out before this moment
    lease_before_ms: int | None = None
    #: attributes that must still be as they were read; None: absent
    same: Item = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to a record: set, set if absent, add, remove."""

    put: Item = field(default_factory=dict)
    default: Item = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a conditional write, and the item as it was before it (None: there was none).

    `applied` is False also when our own first try had succeeded, its answer was lost and a
    repeated try met it: the caller recognises itself in `before`.
    """

    applied: bool
    before: Item | None


class Ledger(Protocol):
    """One table of items; every write is conditional. All methods raise Transient or Throttled."""

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        """Puts each item (`pk`, `sk` and more) where there is none. Items are independent of one
        another: some may be applied when the call raises."""
        ...

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written: ...

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        """Strongly consistent reads, in the order of the keys."""
        ...

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        """Every item of one partition whose sort key begins so, or comes before that (one of them,
        or neither); with `newest` only so many, from the last sort key backwards."""
        ...

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        """Keys of the records that need attention since before that second, oldest first."""
        ...


class Vault(Protocol):
    """Keeps the documents that a person or a recovery may still need."""

    def keep(self, key: str, document: str) -> None: ...

    def fetch(self, key: str) -> str | None: ...

    def discard(self, key: str) -> None: ...

    def count(self, beginning: str, most: int) -> int:
        """How many documents have keys that begin so; counting ends at `most`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly did not reach the other side (no connection, no TLS, no name)."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have taken effect: no whole answer came."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Record:
    """Something to be taken by a service of AWS."""

    #: the same in every repetition
    id: str
    #: JSON
    text: str
    #: what it belongs to, where order within that matters to the service
    group: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The service's word on each record: an error code, "" where it has it."""

    codes: Sequence[str]
    #: those of them that it calls its own fault, so that they pass
    passing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Busy:
    """None of them was taken: the service asks to slow down."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """None of them was taken, for what one of them says, or for all of them together."""

    reason: Reason


class Records(Protocol):
    """A service of AWS that takes records: EventBridge, SQS or Firehose."""

    def put(
        self, where: str, records: Sequence[Record]
    ) -> Taken | Busy | NotSent | Rejected | Unanswered:
        """One call, once: no retries. `where` is an ARN."""
        ...


class Http(Protocol):
    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        """One request, once: no retries, no redirects, bounded in time and size."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)


class Secrets(Protocol):
    def credentials(self, fresh: bool) -> Credentials:
        """The OAuth client; `fresh` reads past every cache. Raises Transient."""
        ...


class SenderKeys(Protocol):
    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        """The keys that are valid for a sender of the webhook (or, of those by which we sign, for
        a destination), none for an unknown one; `fresh`
        reads past the cache, though not every time. Raises Transient."""
        ...


class Telemetry(Protocol):
    def count(self, metric: Metric, value: float = 1) -> None: ...

    def note(self, message: str, **fields: object) -> None:
        """One log line; only identifiers, states, counts and times may be fields."""
        ...


class Ports(Protocol):
    """Everything that a function can reach. A neighbour is connected when it is first asked for,
    so that a function pays for the ones that it uses, and needs no permission for the others."""

    @property
    def clock(self) -> Clock: ...

    @property
    def entropy(self) -> Entropy: ...

    @property
    def telemetry(self) -> Telemetry: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def http(self) -> Http: ...

    @property
    def secrets(self) -> Secrets: ...

    @property
    def sender_keys(self) -> SenderKeys: ...

    @property
    def signing_keys(self) -> SenderKeys:
        """The keys by which we sign what goes to HTTPS endpoints, by destination."""
        ...

    def records(self, service: str) -> Records:
        """`event-bus`, `queue` or `firehose`."""
        ...

    def queue(self, name: str) -> Queue:
        """One of `lanes.queues`, or its dead letters: `events`, `events-dead`."""
        ...

    def resume_redrive(self, name: str) -> bool:
        """Takes the last redrive of the dead letters of one of `lanes.queues` up again, where it
        named no destination and stopped at a letter whose source SQS does not know: now to the
        queue of that name. Returns whether there was one to take up. Raises Transient."""
        ...
