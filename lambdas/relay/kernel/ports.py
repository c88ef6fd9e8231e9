"""What the use cases need from the outside. Each port has a real adapter and one in memory, and
both pass the same contract suite (tests/contract)."""

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
    """A message as a queue delivers it."""

    message_id: str
    receipt: str
    body: str
    receives: int
    sent_at_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. Attributes are strings that the AWS console shows next to the body."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    delay_s: int = 0


class Outbox(Protocol):
    def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when every message is durable. Raises Transient if any may not be."""
        ...


class Queue(Outbox, Protocol):
    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        """Keeps a received message invisible for that long from now (12 h at most)."""
        ...

    def receive(self, most: int) -> Sequence[Delivery]: ...

    def delete(self, delivery: Delivery) -> None: ...


@dataclass(frozen=True, slots=True)
class Guard:
    """What must hold for a record so that a change applies to it; unset parts do not matter."""

    #: None: any state
    states: frozenset[str] | None
    attempt: int | None = None
    holder: str | None = None
    #: the lease expired before this time
    lease_before_ms: int | None = None
    #: attributes that must still be as they were read; None: absent
    same: Item = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to a record's attributes: set, set if absent, add, remove."""

    put: Item = field(default_factory=dict)
    default: Item = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a conditional write, and the item as it was before it (None: there was none).

    `applied` is also False if our own first try succeeded, its answer was lost, and the repeated
    try met its result: the caller recognises its own write in `before`.
    """

    applied: bool
    before: Item | None


class Ledger(Protocol):
    """One table of items; every write is conditional. All methods raise Transient or Throttled."""

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        """Puts each item (`pk`, `sk` and more) if there is none with its key. Items are independent
        of one another: if the call raises, some may have been applied."""
        ...

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written: ...

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        """Strongly consistent reads, in the order of the keys."""
        ...

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        """Every item of one partition, or those whose sort key starts with `begins`, or those whose
        sort key is less than `before`; with `newest`, only so many, from the last sort key back."""
        ...

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        """Keys of the records that needed attention by this time in seconds, oldest first."""
        ...


class Vault(Protocol):
    """Keeps documents that a person or a recovery may still need."""

    def keep(self, key: str, document: str) -> None: ...

    def fetch(self, key: str) -> str | None: ...

    def discard(self, key: str) -> None: ...

    def keys(self, beginning: str, most: int) -> Sequence[str]:
        """The keys of at most `most` documents whose keys have this beginning; of these, what has
        been there longest comes first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly did not reach the other side (no connection, no TLS, no name)."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have taken effect: no complete answer arrived."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be sent to an AWS service."""

    #: the same in every repetition
    id: str
    #: JSON
    text: str
    #: the records that it belongs with, for services that keep the order within a group
    group: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The service's result for each record: an error code, or "" if it was accepted."""

    codes: Sequence[str]
    #: those codes that the service calls its own fault, so that they are temporary
    passing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Busy:
    """No record was accepted: the service asks to slow down."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """No record was accepted, because of the content of one, or of all of them together."""

    reason: Reason


class Records(Protocol):
    """An AWS service that takes records: EventBridge, SQS or Firehose."""

    def put(
        self, where: str, records: Sequence[Record]
    ) -> Taken | Busy | NotSent | Rejected | Unanswered:
        """One call, without retries. `where` is an ARN."""
        ...


class Http(Protocol):
    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        """One request, without retries or redirects, bounded in time and size."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)


class Secrets(Protocol):
    def credentials(self, fresh: bool) -> Credentials:
        """The OAuth client's credentials; `fresh` bypasses every cache. Raises Transient."""
        ...


class SenderKeys(Protocol):
    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        """The valid keys of a sender of the webhook (or of a destination, if these are the keys
        with which we sign), none for an unknown one; `fresh` bypasses the cache, though not every
        time. Raises Transient."""
        ...


class Notices(Protocol):
    """Messages to whoever subscribed to them."""

    def publish(self, subject: str, text: str) -> None:
        """Raises Transient if it may not have been published."""
        ...


class Telemetry(Protocol):
    def count(self, metric: Metric, value: float = 1) -> None: ...

    def note(self, message: str, **fields: object) -> None:
        """One log line; only identifiers, states, counts and times may be fields."""
        ...


class Ports(Protocol):
    """Everything that a function can reach. A port is connected on first use, so a function pays
    only for the ports that it uses, and needs no permission for the others."""

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
        """The keys with which we sign requests to HTTPS endpoints, by destination."""
        ...

    def personal_key(self) -> str:
        """The environment's key under which personal names are hashed. It is read when it is first
        needed, and never changes. Raises Transient."""
        ...

    def records(self, service: str) -> Records:
        """`event-bus`, `queue` or `firehose`."""
        ...

    def queue(self, name: str) -> Queue:
        """One of `lanes.queues`, or its dead-letter queue: `events`, `events-dead`."""
        ...

    def resume_redrive(self, name: str) -> bool:
        """Resumes the last redrive from the dead-letter queue of one of `lanes.queues` if it named
        no destination and stopped at a letter whose source SQS does not know. The rest now goes to
        that queue. Returns whether there was a redrive to resume. Raises Transient."""
        ...
