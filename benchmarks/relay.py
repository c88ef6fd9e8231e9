"""The relay itself: its assembled functions in the benchmark's world."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.world import Clock, EventSource, Http, Instance, Secrets, World
from lambdas.relay.assembly.dedup import dedup_knowing
from lambdas.relay.assembly.write import write_function
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.kernel.lanes import Lane, writes_queue
from lambdas.relay.kernel.limits import LIVE, MESSAGES_PER_INVOCATION
from lambdas.relay.kernel.ports import Change, Guard, Item, Outgoing, Written
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.ledger.known import KnownClaims
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target, describe, encode, seal
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.routes.configuration import Configuration
from simulation.memory.clock import SeededEntropy
from simulation.memory.credentials import PERSONAL_KEY, MemoryPersonalKey, MemorySenderKeys
from simulation.memory.faults import CALM
from simulation.memory.ledger import MemoryLedger
from simulation.memory.queues import MemoryQueue
from simulation.memory.records import MemoryRecords
from simulation.memory.settings import MemorySettings
from simulation.memory.vault import MemoryVault
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from simulator.ratelimit import ALLOWED
from stacks.schema.parsing import parse

CONFIGURATION = parse(
    {
        "destinations": {
            "journey": {
                "kind": "journey-external-events",
                "configuration_id": CONFIGURATION_ID,
                "item": {
                    "identifiers": {
                        "externalIds": [
                            {"value": "identity", "externalSourceId": f"'{EXTERNAL_SOURCE_ID}'"}
                        ]
                    },
                    "attributes": {
                        "topic": "detail_type",
                        "conversationId": "conversation_id",
                        "participantId": "body.participantId",
                        "sessionId": "body.sessionId",
                        "mediaType": "body.mediaType",
                        "direction": "body.direction",
                        "queueId": "body.queueId",
                        "userId": "body.userId",
                        "wrapupCode": "body.wrapupCode",
                        "disconnectType": "body.disconnectType",
                        "correlationId": "correlation_id",
                    },
                },
            }
        },
        "routes": [{"name": "all", "destination": "journey"}],
    }
)
JOURNEY = CONFIGURATION.destinations["journey"]


class AskedLedger(MemoryLedger):
    """Counts the items read and written, in the world's account."""

    def __init__(self, world: World) -> None:
        super().__init__(world.table, world.scheduler, CALM, world.timeline)
        self._account = world.account

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        self._account.ledger_items += len(items)
        return super().insert(items)

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        self._account.ledger_items += 1
        return super().change(pk, sk, guard, change)

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        self._account.ledger_items += len(keys)
        return super().find(keys)


def ledger_of(world: World) -> MemoryLedger:
    return AskedLedger(world)


class Sandbox:
    """The ports of one instance of a function. Implements relay.kernel.ports.Ports."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clock = Clock(world)
        self.entropy = SeededEntropy(world.random)
        self.telemetry = world.telemetry
        self.ledger = ledger_of(world)
        self.vault = MemoryVault(world.documents, world.scheduler, CALM)
        self.http = Http(world, LIVE.request_s)
        self.secrets = Secrets()
        self.sender_keys = MemorySenderKeys({}, world.scheduler, CALM)
        self.signing_keys = MemorySenderKeys({}, world.scheduler, CALM)
        self.personal_key = MemoryPersonalKey(PERSONAL_KEY, world.scheduler, CALM)

    def records(self, service: str) -> MemoryRecords:
        return MemoryRecords()

    def queue(self, name: str) -> MemoryQueue:
        return self._world.port(name)

    def resume_redrive(self, name: str) -> bool:
        """There are no redrives here."""
        return False


def start_writers(
    world: World,
    concurrency: int,
    *,
    headroom: int = 0,
    destination: Destination = JOURNEY,
    lanes: Sequence[Lane] = ("normal",),
) -> None:
    """The write function behind its queue, or behind each lane's queue."""
    has_lanes = lanes != ("normal",)
    configuration = Configuration({destination.name: destination}, (), has_lanes=has_lanes)
    settings = MemorySettings(configuration, requests_per_minute=ALLOWED, headroom=headroom)

    def make(lane: Lane) -> Instance:
        sandbox = Sandbox(world)
        return Instance(write_function(sandbox, settings, lane), sandbox.clock, sandbox.http)

    timeout_s = LIVE.function_timeout_s["write"]
    for lane in lanes:
        EventSource(
            world,
            writes_queue(lane),
            partial(make, lane),
            concurrency=concurrency,
            batch=1,
            timeout_s=timeout_s,
        )


class Forgetful(KnownClaims):
    """Remembers nothing, so that the ledger is read every time."""

    def learn(self, item: Item, now_ms: int) -> None:
        return


def start_dedup(world: World, concurrency: int, *, remembers: bool = True) -> None:
    """The dedup function behind its queue."""
    settings = MemorySettings(CONFIGURATION)

    def make() -> Instance:
        sandbox = Sandbox(world)
        known = KnownClaims() if remembers else Forgetful()
        run = dedup_knowing(known, sandbox, settings)
        return Instance(run, sandbox.clock, sandbox.http)

    most, timeout_s = MESSAGES_PER_INVOCATION["batches"], LIVE.function_timeout_s["dedup"]
    EventSource(world, "batches", make, concurrency=concurrency, batch=most, timeout_s=timeout_s)


def batches(
    world: World, numbers: Sequence[int], most: int, destination: Destination = JOURNEY
) -> list[Batch]:
    """Sealed as by intake."""
    now_ms = world.timeline.now_ms
    target = Target(destination.name, destination.method, destination.path, destination.shape)
    return [
        batch
        for start in range(0, len(numbers), most)
        for batch in seal(
            target,
            [_event(n, now_ms, destination) for n in numbers[start : start + most]],
            now_ms=now_ms,
            nonce=f"{world.random.getrandbits(64):x}",
            most_events=most,
            most_bytes=destination.most_bytes,
        )
    ]


def id_of(number: int) -> str:
    return f"bench-{number:08d}"


def _event(number: int, now_ms: int, destination: Destination) -> SealedEvent:
    identity = id_of(number)
    return SealedEvent(
        identity=identity,
        payload_hash="p",
        conversation_id="",
        envelope_id="",
        topic="bench",
        correlation_id="",
        accepted_at_ms=now_ms,
        into=destination.into,
        item=json.dumps(_customers_step(identity, number, now_ms)),
    )


def _customers_step(identity: str, number: int, now_ms: int) -> Mapping[str, Any]:
    """An item that Genesys accepts: with every member that the SDK's ExternalEvent requires."""
    customer = {"value": f"customer-{number}", "externalSourceId": EXTERNAL_SOURCE_ID}
    return {
        "id": identity,
        "dateCreated": iso(now_ms),
        "identifiers": {"externalIds": [customer]},
        "attributes": {"number": number},
    }


def enqueue_claimed(world: World, made: Sequence[Batch], queue: str = "writes") -> None:
    """As dedup leaves them: recorded, claimed, sent on."""
    for batch in made:
        world.table.insert(sealed_item(batch, world.timeline.now_ms))
        world.queue(queue).send(Outgoing(encode(batch), describe(batch)))


def enqueue_sealed(world: World, made: Sequence[Batch]) -> None:
    """As intake leaves them."""
    for batch in made:
        world.queue("batches").send(Outgoing(encode(batch), describe(batch)))
