"""The functions: the assembled production code, each instance with its own ports and clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from lambdas.relay.assembly.confirm import confirm_function
from lambdas.relay.assembly.consumers import Function as Function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.reconcile import reconcile_function
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.assembly.webhook import webhook_function
from lambdas.relay.assembly.write import write_function
from lambdas.relay.entrances.proofs import Request
from lambdas.relay.kernel.lanes import LANE_QUEUES, LANES, writes_queue
from lambdas.relay.kernel.ports import Delivery, Ports, Telemetry
from simulation.memory.clock import MemoryClock, SeededEntropy
from simulation.memory.credentials import (
    PERSONAL_KEY,
    MemoryPersonalKey,
    MemorySecrets,
    MemorySenderKeys,
    StoredSecret,
)
from simulation.memory.endpoint import SIGNING_KEYS
from simulation.memory.faults import Faults
from simulation.memory.gate import Gate
from simulation.memory.genesys import GenesysServer
from simulation.memory.http import MemoryHttp
from simulation.memory.ledger import MemoryLedger
from simulation.memory.queues import MemoryQueue, StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.sink import MemorySink
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.memory.vault import MemoryVault
from simulation.releases import Release


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What all instances share."""

    timeline: Timeline
    gate: Gate
    faults: Faults
    random: Random
    table: Table
    queues: Mapping[str, StoredQueue]
    documents: dict[str, str]
    server: GenesysServer
    secret: StoredSecret
    #: by sender of the webhook
    sender_keys: Mapping[str, str]
    telemetry: Telemetry
    settings: MemorySettings
    #: the release as which the instances write
    release: Release = "here"


def skew_ms_max(settings: MemorySettings) -> int:
    """Two functions may differ by `clock_skew_s`, so each by half of that from true time."""
    return int(settings.timing.clock_skew_s * 500)


class Instance:
    """An execution environment: its ports, and what they keep between invocations. Implements
    relay.kernel.ports.Ports."""

    def __init__(self, neighbours: Neighbours, skew_ms: int) -> None:
        n = neighbours
        self.neighbours = n
        self.settings = n.settings
        self.telemetry = n.telemetry
        self.clock = MemoryClock(n.timeline, n.gate, skew_ms, n.faults, skew_ms_max(n.settings))
        self.entropy = SeededEntropy(n.random)
        self.ledger = MemoryLedger(n.table, n.gate, n.faults, n.timeline, n.release)
        self.vault = MemoryVault(n.documents, n.gate, n.faults)
        self.http = MemoryHttp(n.server, n.gate, n.faults, n.timeline, n.settings.timing)
        self.secrets = MemorySecrets(n.secret, n.gate, n.faults)
        self.sender_keys = MemorySenderKeys(n.sender_keys, n.gate, n.faults)
        self.signing_keys = MemorySenderKeys(SIGNING_KEYS, n.gate, n.faults)
        self.personal_key: Callable[[], str] = MemoryPersonalKey(PERSONAL_KEY, n.gate, n.faults)
        self._queues = {
            name: MemoryQueue(stored, n.gate, n.faults) for name, stored in n.queues.items()
        }

    def records(self, service: str) -> MemorySink:
        n = self.neighbours
        return MemorySink(n.server, n.gate, n.faults, n.settings.timing)

    def queue(self, name: str) -> MemoryQueue:
        return self._queues[name]

    def resume_redrive(self, name: str) -> bool:
        queues = self.neighbours.queues
        return queues[f"{name}-dead"].resume_redrive(queues[name])


def _consumer(assemble: Callable[[Ports, Settings], Function]) -> Callable[[Instance], Function]:
    return lambda instance: assemble(instance, instance.settings)


def _reconcile(instance: Instance) -> Function:
    """It receives no messages, and keeps nothing."""
    reconcile = reconcile_function(instance, instance.settings)

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        reconcile(deadline_ms)
        return []

    return run


def _webhook(instance: Instance) -> Function:
    """Takes a request like a delivery: the sender as the receipt, the headers as the attributes.
    Returns the answer's status."""
    receive = webhook_function(instance, instance.settings)

    def answer(requests: Sequence[Delivery], deadline_ms: int) -> list[str]:
        (posted,) = requests
        request = Request(posted.receipt, posted.attributes, posted.body.encode())
        return [str(receive(request).status)]

    return answer


FUNCTIONS: Mapping[str, Callable[[Instance], Function]] = {
    "intake": _consumer(intake_function),
    "dedup": _consumer(dedup_function),
    "write": _consumer(write_function),
    "confirm": _consumer(confirm_function),
    "reconcile": _reconcile,
    "webhook": _webhook,
}
#: by queue; in AWS they are all one function
WRITERS_OF_LANES: Mapping[str, Callable[[Instance], Function]] = {
    writes_queue(lane): _consumer(partial(write_function, lane=lane))
    for lane in LANES
    if writes_queue(lane) in LANE_QUEUES
}
