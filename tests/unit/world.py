"""The memory world around one use case, with faults that strike when a test says so."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from lambdas.relay.entrances.events import ANY_PARTNER
from lambdas.relay.kernel.limits import SOURCE_RETENTION_S
from lambdas.relay.kernel.ports import (
    Answer,
    Delivery,
    Http,
    Item,
    NotSent,
    Outgoing,
    Secrets,
    Unanswered,
)
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Consumer
from lambdas.relay.requests.record import SORT_KEY
from lambdas.relay.requests.states import objections
from simulation.memory.clock import MemoryClock, SeededEntropy
from simulation.memory.credentials import (
    PERSONAL_KEY,
    MemoryPersonalKey,
    MemorySecrets,
    MemorySenderKeys,
    StoredSecret,
)
from simulation.memory.faults import Fault
from simulation.memory.gate import OpenGate
from simulation.memory.ledger import MemoryLedger
from simulation.memory.queues import MemoryQueue, StoredQueue
from simulation.memory.records import MemoryRecords
from simulation.memory.table import Table
from simulation.memory.telemetry import MemoryTelemetry
from simulation.memory.timeline import Timeline
from simulation.memory.vault import MemoryVault
from tests.unit.batches import NOW_MS


class Planned:
    """Faults that strike the next so many times."""

    def __init__(self) -> None:
        self.left: Counter[Fault] = Counter()

    def plan(self, fault: Fault, times: int = 1) -> None:
        self.left[fault] += times

    def strikes(self, fault: Fault) -> bool:
        if not self.left[fault]:
            return False
        self.left[fault] -= 1
        return True

    def one_of(self, faults: Sequence[Fault]) -> Fault | None:
        return next((fault for fault in faults if self.strikes(fault)), None)

    def fraction(self) -> float:
        return 0.4


class Unsound(BaseException):
    """An unsound record was written. No function may take it for a failure of its own."""


def sound(old: Item | None, new: Item | None) -> None:
    if new is not None and new["sk"] == SORT_KEY:
        said = list(objections(old, new))
        if said:
            raise Unsound(f"{new['pk']}: {'; '.join(said)}")


class Unreachable:
    """The Http of a world without a way out."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        return NotSent(Code.QUOTED("there is no way out of here"))


@dataclass
class World:
    """Everything that a use case can reach. Implements relay.kernel.ports.Ports."""

    faults: Planned = field(default_factory=Planned)
    timeline: Timeline = field(default_factory=lambda: Timeline(NOW_MS))
    table: Table = field(default_factory=lambda: Table(sound))
    documents: dict[str, str] = field(default_factory=dict)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    stored: dict[str, StoredQueue] = field(default_factory=dict)
    #: what AWS services have taken
    sinks: dict[str, MemoryRecords] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gate = OpenGate(self.timeline)
        self.clock = MemoryClock(self.timeline, self.gate)
        self.entropy = SeededEntropy(Random(7))
        self.ledger = MemoryLedger(self.table, self.gate, self.faults, self.timeline)
        self.vault = MemoryVault(self.documents, self.gate, self.faults)
        self.http: Http = Unreachable()
        self.secrets: Secrets = MemorySecrets(StoredSecret(), self.gate, self.faults)
        self.sender_keys = MemorySenderKeys({}, self.gate, self.faults)
        self.signing_keys = MemorySenderKeys({}, self.gate, self.faults)
        self.personal_key = MemoryPersonalKey(PERSONAL_KEY, self.gate, self.faults)

    def records(self, service: str) -> MemoryRecords:
        return self.sinks.setdefault(service, MemoryRecords())

    def queue(self, name: str) -> MemoryQueue:
        return MemoryQueue(self.stored_queue(name), self.gate, self.faults)

    def resume_redrive(self, name: str) -> bool:
        return self.stored_queue(f"{name}-dead").resume_redrive(self.stored_queue(name))

    def stored_queue(self, name: str) -> StoredQueue:
        if name not in self.stored:
            self.stored[name] = StoredQueue(
                name, self.timeline, Random(7), visibility_s=60, retention_s=SOURCE_RETENTION_S
            )
        return self.stored[name]

    def consumer(self, name: str = "source") -> Consumer:
        return Consumer(
            source=self.queue(name),
            dead=self.queue(f"{name}-dead"),
            vault=self.vault,
            clock=self.clock,
            entropy=self.entropy,
            telemetry=self.telemetry,
            reader=ANY_PARTNER,
        )

    def deliver(self, *bodies: str, to: str = "source") -> list[Delivery]:
        """Sends messages and receives them, in the order in which they were sent."""
        queue = self.stored_queue(to)
        for body in bodies:
            queue.send(Outgoing(body))
        return sorted(queue.receive(len(bodies)), key=lambda d: int(d.message_id.split("-")[-1]))

    def bodies(self, name: str) -> list[str]:
        return [message.body for message in self.stored_queue(name).messages.values()]

    def hidden_s(self, delivery: Delivery, name: str = "source") -> float:
        """How long a message that stays is out of sight."""
        visible_at_ms = self.stored_queue(name).visible_at_ms(delivery)
        assert visible_at_ms is not None, "the message is gone"
        return (visible_at_ms - self.timeline.now_ms) / 1000
