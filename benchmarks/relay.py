"""The relay itself: its use cases as the handlers wire them, over the benchmark's world."""

from collections.abc import Sequence

from benchmarks.world import Clock, EventSource, Http, Instance, Secrets, World
from lambdas.relay import consolidation, dedup
from lambdas.relay.deliveries import Post, settle_each
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.breaker import Breaker
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.pacing import Pace, Quota
from lambdas.relay.genesys.pressure import Pressure
from lambdas.relay.genesys.turns import Turns
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.ledger.requests import sealed_item
from lambdas.relay.limits import LIVE, MESSAGES_PER_INVOCATION
from lambdas.relay.ports import Change, Delivery, Guard, Item, Outgoing, Written
from lambdas.relay.routes.configuration import parse
from lambdas.relay.sealing import Batch, SealedEvent, Target, describe, encode, seal
from lambdas.relay.write import Needs, write
from local.genesys.organization import CONFIGURATION_ID
from local.genesys.ratelimit import ALLOWED
from local.memory.clock import SeededChance
from local.memory.faults import CALM
from local.memory.ledger import MemoryLedger
from local.memory.vault import MemoryVault

CONFIGURATION = parse(
    {
        "destinations": {
            "journey": {
                "kind": "journey-external-events",
                "configuration_id": CONFIGURATION_ID,
            }
        },
        "routes": [{"name": "all", "destination": "journey"}],
    }
)
JOURNEY = CONFIGURATION.destinations["journey"]


def post_of(world: World, queue: str, clock: Clock) -> Post:
    return Post(
        source=world.port(queue),
        dead=world.port(f"{queue}-dead"),
        vault=MemoryVault(world.documents, world.scheduler, CALM),
        clock=clock,
        chance=SeededChance(world.random),
        telemetry=world.telemetry,
    )


class AskedLedger(MemoryLedger):
    """Counts the items that it is asked for or told, in the world's account."""

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


def start_writers(
    world: World, concurrency: int, *, headroom: int = 0, destination: Destination = JOURNEY
) -> None:
    """The write function behind its queue."""

    def make() -> Instance:
        clock, http = Clock(world), Http(world, LIVE.request_s)
        chance, ledger = SeededChance(world.random), ledger_of(world)
        pace = Pace(ledger, chance, Quota(ALLOWED, headroom))
        post = post_of(world, "writes", clock)
        needs = Needs(
            post=post,
            ledger=ledger,
            writes=world.port("writes"),
            checks=world.port("checks"),
            genesys=Genesys(
                http=http,
                secrets=Secrets(),
                clock=clock,
                pace=pace,
                api_url="https://api.simulated",
                login_url="https://login.simulated",
            ),
            turns=Turns(pace, Breaker(ledger, chance), post),
            destinations={destination.name: destination},
            timing=LIVE,
        )

        def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
            return settle_each(deliveries, lambda d: write(d, needs, deadline_ms), needs.post)

        return Instance(run, clock, http)

    timeout_s = LIVE.function_timeout_s["write"]
    EventSource(world, "writes", make, concurrency=concurrency, batch=1, timeout_s=timeout_s)


def start_dedup(world: World, concurrency: int, *, remembers: bool = True) -> None:
    """The dedup function behind its queue."""

    def make() -> Instance:
        clock = Clock(world)
        known = KnownClaims()
        ledger = ledger_of(world)
        needs = dedup.Needs(
            post=post_of(world, "batches", clock),
            ledger=RememberingLedger(ledger, known, clock) if remembers else ledger,
            writes=world.port("writes"),
            checks=world.port("checks"),
            confirmations={},
            answer_wait_s=0,
            known=known,
        )
        together = consolidation.Needs(needs, Pressure(ledger), CONFIGURATION.destinations)

        def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
            return consolidation.dedup_together(deliveries, together)

        return Instance(run, clock, Http(world, LIVE.request_s))

    most, timeout_s = MESSAGES_PER_INVOCATION["batches"], LIVE.function_timeout_s["dedup"]
    EventSource(world, "batches", make, concurrency=concurrency, batch=most, timeout_s=timeout_s)


def batches(
    world: World, numbers: Sequence[int], most: int, destination: Destination = JOURNEY
) -> list[Batch]:
    """Sealed as intake seals them."""
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
        item=f'{{"attributes":{{"number":{number}}},"id":"{identity}"}}',
    )


def enqueue_claimed(world: World, made: Sequence[Batch]) -> None:
    """As dedup leaves them: on record, claimed, sent on."""
    for batch in made:
        world.table.insert(sealed_item(batch, world.timeline.now_ms))
        world.queue("writes").send(Outgoing(encode(batch), describe(batch)))


def enqueue_sealed(world: World, made: Sequence[Batch]) -> None:
    """As intake leaves them."""
    for batch in made:
        world.queue("batches").send(Outgoing(encode(batch), describe(batch)))
