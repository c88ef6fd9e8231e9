"""The functions: the production use cases, each instance with its own ports and its own clock.

This is what the handlers under `lambdas/` do, with the memory world in the place of AWS.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lambdas.relay import (
    confirm,
    consolidation,
    dedup,
    intake,
    overdue,
    reconcile,
    webhook,
    write,
)
from lambdas.relay.correlating import recovery
from lambdas.relay.correlating.silence import Silence
from lambdas.relay.deliveries import Post, settle_each
from lambdas.relay.entrances.proofs import Proof, Request
from lambdas.relay.genesys.breaker import Breaker
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.pacing import Pace, Quota
from lambdas.relay.genesys.pressure import Pressure
from lambdas.relay.genesys.turns import Turns
from lambdas.relay.ledger.health import SparedLedger
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.limits import QUEUES, Timing
from lambdas.relay.ports import Delivery, Telemetry
from lambdas.relay.routes.configuration import Configuration
from local.memory.clock import MemoryClock, SeededChance
from local.memory.credentials import MemorySecrets, MemorySenderKeys, StoredSecret
from local.memory.faults import Faults
from local.memory.gate import Gate
from local.memory.genesys import GenesysServer
from local.memory.http import MemoryHttp
from local.memory.ledger import MemoryLedger
from local.memory.queues import MemoryQueue, StoredQueue
from local.memory.table import Table
from local.memory.timeline import Timeline
from local.memory.vault import MemoryVault

#: seconds; what the stack configures where nothing else is said
REPLAY_WINDOW_S = 300


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
        self.sender_keys = MemorySenderKeys(n.sender_keys, n.gate, n.faults)
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
            receives_max=self.neighbours.queues[queue].receives_max,
        )


def intake_function(instance: Instance) -> Function:
    needs = intake.Needs(
        instance.post("events"), instance.queues["batches"], instance.neighbours.configuration
    )
    return lambda deliveries, deadline_ms: intake.intake(deliveries, needs)


def dedup_function(instance: Instance) -> Function:
    known = KnownClaims()
    spared = SparedLedger(instance.ledger, instance.clock, instance.neighbours.telemetry)
    needs = dedup.Needs(
        post=instance.post("batches"),
        ledger=RememberingLedger(spared, known, instance.clock),
        writes=instance.queues["writes"],
        checks=instance.queues["checks"],
        confirmations=instance.neighbours.configuration.confirmations,
        answer_wait_s=instance.neighbours.timing.answer_wait_s,
        known=known,
    )
    together = consolidation.Needs(
        needs, Pressure(needs.ledger), instance.neighbours.configuration.destinations
    )
    return lambda deliveries, deadline_ms: consolidation.dedup_together(deliveries, together)


def write_function(instance: Instance) -> Function:
    n = instance.neighbours
    pace = _pace(instance)
    post = instance.post("writes")
    needs = write.Needs(
        post=post,
        ledger=instance.ledger,
        writes=instance.queues["writes"],
        checks=instance.queues["checks"],
        genesys=_genesys(instance, pace),
        turns=Turns(pace, Breaker(instance.ledger, instance.chance), post),
        destinations=n.configuration.destinations,
        timing=n.timing,
    )
    return lambda deliveries, deadline_ms: settle_each(
        deliveries, lambda delivery: write.write(delivery, needs, deadline_ms), needs.post
    )


def confirm_function(instance: Instance) -> Function:
    n = instance.neighbours
    needs = confirm.Needs(
        post=instance.post("checks"),
        ledger=instance.ledger,
        recovery=recovery_needs(instance),
        silence=Silence(instance.ledger, instance.chance),
        timing=n.timing,
    )
    return lambda deliveries, deadline_ms: settle_each(
        deliveries, lambda delivery: confirm.confirm(delivery, needs, deadline_ms), needs.post
    )


def recovery_needs(instance: Instance) -> recovery.Needs:
    n = instance.neighbours
    return recovery.Needs(
        ledger=instance.ledger,
        vault=instance.vault,
        writes=instance.queues["writes"],
        genesys=_genesys(instance, _pace(instance)),
        destinations=n.configuration.destinations,
        clock=instance.clock,
        telemetry=n.telemetry,
    )


def _pace(instance: Instance) -> Pace:
    quota = Quota(instance.neighbours.per_minute, headroom=0)
    return Pace(instance.ledger, instance.chance, quota)


def _genesys(instance: Instance, pace: Pace) -> Genesys:
    return Genesys(
        http=instance.http,
        secrets=instance.secrets,
        clock=instance.clock,
        pace=pace,
        api_url="https://api.simulated",
        login_url="https://login.simulated",
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
        telemetry=n.telemetry,
        overdue=overdue.Needs(
            recovery_needs(instance),
            instance.chance,
            n.timing,
            overdue.Admission(instance.ledger, instance.chance),
        ),
    )
    margin_ms = int(n.timing.deadline_margin_s * 1000)

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        reconcile.reconcile(needs, deadline_ms - margin_ms)
        return []

    return run


def webhook_function(instance: Instance) -> Function:
    """Takes a request as if it were a delivery: the sender is its receipt, the headers are its
    attributes. Returns the answer's status."""
    needs = webhook.Needs(
        events=instance.queues["events"],
        keys=instance.sender_keys,
        clock=instance.clock,
        chance=instance.chance,
        telemetry=instance.neighbours.telemetry,
        proof=Proof("signature", REPLAY_WINDOW_S),
    )

    def answer(requests: Sequence[Delivery], deadline_ms: int) -> list[str]:
        (posted,) = requests
        request = Request(posted.receipt, posted.attributes, posted.body.encode())
        return [str(webhook.receive(request, needs).status)]

    return answer


FUNCTIONS: Mapping[str, Callable[[Instance], Function]] = {
    "intake": intake_function,
    "dedup": dedup_function,
    "write": write_function,
    "confirm": confirm_function,
    "reconcile": reconcile_function,
    "webhook": webhook_function,
}
