"""The usual alternatives. Both have advantages over real use: no timeout ends them while they
sleep, and no dead-letter queue takes their messages after a few receives."""

from collections.abc import Callable, Sequence

from benchmarks.relay import JOURNEY, ledger_of
from benchmarks.world import Clock, EventSource, Http, Instance, Secrets, World
from lambdas.relay.genesys.outcomes import header
from lambdas.relay.genesys.rate_limiter import Quota, RateLimiter
from lambdas.relay.genesys.tokens import Tokens
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.limits import MESSAGES_PER_INVOCATION
from lambdas.relay.kernel.ports import Answer, Delivery, Outgoing
from lambdas.relay.messages.sealing import Batch, decode
from simulation.memory.clock import SeededEntropy
from simulation.memory.faults import CALM
from simulation.memory.ledger import MemoryLedger
from simulation.memory.table import Table

TUTORIAL_TRIES = 3
#: urllib3.util.Retry(total=10, backoff_factor=1): 0, 2, 4, ... 120 seconds, or `Retry-After`
LIBRARY_TRIES = 11
LIBRARY_BACKOFF_MAX_S = 120.0
#: Lambda's maximum
TIMEOUT_S = 900
#: the token is fetched without counting towards any limit
UNLIMITED = Quota(1_000_000, 0)


def start_tutorial(world: World, concurrency: int) -> None:
    """The tutorial's writer: one request per message of 50 events; on 429 it sleeps `Retry-After`,
    otherwise 1, 2, 4 s; after three tries the queue delivers the message again."""
    _start(world, concurrency, TUTORIAL_TRIES, lambda attempt: 2.0**attempt)


def start_library(world: World, concurrency: int) -> None:
    """One request per event with a retry library, as EventBridge API destinations do it."""
    _start(world, concurrency, LIBRARY_TRIES, _library_backoff_s)


def enqueue(world: World, made: Sequence[Batch]) -> None:
    """The requests' bodies, ready to be sent."""
    for batch in made:
        world.queue("writes").send(Outgoing(batch.body().decode()))


def start_conditional_puts(world: World, concurrency: int) -> None:
    """The tutorial's deduplication: a conditional put for each event of each message."""

    def make() -> Instance:
        ledger = ledger_of(world)

        def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
            for delivery in deliveries:
                for event in decode(delivery.body).events:
                    ledger.insert([{"pk": event.identity, "sk": "C"}])
            return []

        return Instance(run, Clock(world), Http(world, TIMEOUT_S))

    most = MESSAGES_PER_INVOCATION["batches"]
    EventSource(world, "batches", make, concurrency=concurrency, batch=most, timeout_s=TIMEOUT_S)


def _library_backoff_s(attempt: int) -> float:
    return min(LIBRARY_BACKOFF_MAX_S, 2.0**attempt) if attempt else 0.0


def _start(world: World, concurrency: int, tries: int, backoff_s: Callable[[int], float]) -> None:
    world.queue("writes").receives_max = None

    def make() -> Instance:
        clock, http = Clock(world), Http(world, TIMEOUT_S)
        entropy = SeededEntropy(world.random)
        own = MemoryLedger(Table(), world.scheduler, CALM, world.timeline)
        tokens = Tokens(
            http, Secrets(), clock, RateLimiter(own, entropy, UNLIMITED), "https://login.simulated"
        )

        def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
            return [d.message_id for d in deliveries if not _write(d, clock, http, tokens)]

        def _write(delivery: Delivery, clock: Clock, http: Http, tokens: Tokens) -> bool:
            for attempt in range(tries):
                answer = http.send(
                    "POST",
                    f"https://api.simulated{JOURNEY.path}",
                    {"Authorization": f"Bearer {tokens.bearer(fresh=False)}"},
                    delivery.body.encode(),
                )
                if isinstance(answer, Answer) and 200 <= answer.status < 300:
                    return True
                if attempt + 1 < tries:
                    clock.sleep(_pause_s(answer, attempt, clock))
            return False

        def _pause_s(answer: object, attempt: int, clock: Clock) -> float:
            said = header(answer, "retry-after") if isinstance(answer, Answer) else ""
            wait = retry_after_s(said or None, clock.now_ms())
            return backoff_s(attempt) if wait is None else wait

        return Instance(run, clock, http)

    EventSource(world, "writes", make, concurrency=concurrency, batch=1, timeout_s=TIMEOUT_S)
