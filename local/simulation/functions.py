"""The five functions: the production use cases, each instance with its own ports and its own clock.

This is what the handlers under `lambdas/` do, with the memory world in the place of AWS.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lambdas.relay import confirm, dedup, intake, reconcile, write
from lambdas.relay.configuration import Configuration
from lambdas.relay.deliveries import Post, settle_each
from lambdas.relay.genesys import Genesys
from lambdas.relay.limits import QUEUES, Timing
from lambdas.relay.pacing import Pace
from lambdas.relay.ports import Delivery, Telemetry
from local.memory.clock import MemoryClock, SeededChance
from local.memory.credentials import MemorySecrets, StoredSecret
from local.memory.faults import Faults
from local.memory.gate import Gate
from local.memory.genesys import GenesysServer
from local.memory.http import MemoryHttp
from local.memory.ledger import MemoryLedger
from local.memory.queues import MemoryQueue, StoredQueue
from local.memory.table import Table
from local.memory.timeline import Timeline
from local.memory.vault import MemoryVault


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
    telemetry: Telemetry
    configuration: Configuration
    timing: Timing
    per_minute: int


#: takes deliveries and the invocation's end on the instance's clock; returns the ids that stay
Function = Callable[[Sequence[Delivery], int], list[str]]


class Instance:
    """An execution environment: its ports, and what it keeps between invocations."""

    def __init__(self, neighbours: Neighbours, skew_ms: int) -> None:
        n = neighbours
        self.neighbours = n
        self.clock = MemoryClock(n.timeline, n.gate, skew_ms)
        self.chance = SeededChance(n.random)
        self.ledger = MemoryLedger(n.table, n.gate, n.faults, n.timeline)
        self.vault = MemoryVault(n.documents, n.gate, n.faults)
        self.http = MemoryHttp(n.server, n.gate, n.faults, n.timeline, n.timing)
        self.secrets = MemorySecrets(n.secret, n.gate, n.faults)
        self.queues = {
            name: MemoryQueue(stored, n.gate, n.faults) for name, stored in n.queues.items()
        }

    def post(self, queue: str) -> Post:
        return Post(
            source=self.queues[queue],
            dead=self.queues[f"{queue}-dead"],
            vault=self.vault,
            clock=self.clock,
            chance=self.chance,
            telemetry=self.neighbours.telemetry,
        )


def intake_function(instance: Instance) -> Function:
    needs = intake.Needs(
        instance.post("events"), instance.queues["batches"], instance.neighbours.configuration
    )
    return lambda deliveries, deadline_ms: intake.intake(deliveries, needs)


def dedup_function(instance: Instance) -> Function:
    destinations = instance.neighbours.configuration.destinations.values()
    needs = dedup.Needs(
        post=instance.post("batches"),
        ledger=instance.ledger,
        writes=instance.queues["writes"],
        checks=instance.queues["checks"],
        expects_echoes=any(d.confirmed_within_s is not None for d in destinations),
    )
    return lambda deliveries, deadline_ms: settle_each(
        deliveries, lambda delivery: dedup.dedup(delivery, needs), needs.post
    )


def write_function(instance: Instance) -> Function:
    n = instance.neighbours
    needs = write.Needs(
        post=instance.post("writes"),
        ledger=instance.ledger,
        writes=instance.queues["writes"],
        checks=instance.queues["checks"],
        genesys=Genesys(
            http=instance.http,
            secrets=instance.secrets,
            clock=instance.clock,
            api_url="https://api.simulated",
            login_url="https://login.simulated",
        ),
        pace=Pace(instance.ledger, n.per_minute),
        destinations=n.configuration.destinations,
        timing=n.timing,
    )
    return lambda deliveries, deadline_ms: settle_each(
        deliveries, lambda delivery: write.write(delivery, needs, deadline_ms), needs.post
    )


def confirm_function(instance: Instance) -> Function:
    needs = confirm.Needs(instance.post("checks"), instance.ledger)
    return lambda deliveries, deadline_ms: settle_each(
        deliveries, lambda delivery: confirm.confirm(delivery, needs), needs.post
    )


def reconcile_function(instance: Instance) -> Function:
    n = instance.neighbours
    needs = reconcile.Needs(
        lines=[
            reconcile.Line(name, instance.queues[name], instance.queues[f"{name}-dead"])
            for name in QUEUES
        ],
        ledger=instance.ledger,
        vault=instance.vault,
        clock=instance.clock,
        telemetry=n.telemetry,
    )
    margin_ms = int(n.timing.deadline_margin_s * 1000)

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        reconcile.reconcile(needs, deadline_ms - margin_ms)
        return []

    return run


FUNCTIONS: Mapping[str, Callable[[Instance], Function]] = {
    "intake": intake_function,
    "dedup": dedup_function,
    "write": write_function,
    "confirm": confirm_function,
    "reconcile": reconcile_function,
}
