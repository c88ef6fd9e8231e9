"""The benchmark's world: virtual time, the exact simulated Genesys, Lambda and SQS.

The queues, the ledger and the vault are the memory world's; Genesys is the simulator's core, which
counts, refuses and answers as it does over HTTP. Nothing here reads a wall clock, and a seed
determines every latency, so that a run can be repeated exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.limits import LIVE, RECEIVES_MAX, SOURCE_RETENTION_S
from lambdas.relay.kernel.ports import Answer, Credentials, Delivery, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulation.fault_plan import FaultPlan
from simulation.memory.faults import CALM
from simulation.memory.queues import MemoryQueue, StoredQueue
from simulation.memory.table import Table
from simulation.memory.telemetry import MemoryTelemetry
from simulation.memory.timeline import Timeline
from simulation.scheduler import Ending, Raised, Returned, Scheduler
from simulation.trace import Trace
from simulator.faults import NONE, Conduct
from simulator.messages import Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.platform import GenesysPlatform

START_MS = 1_767_877_200_000
SEED = 20261121
#: one way to AWS' services or back, for each call (milliseconds, at most)
AWS_LATENCY_MS = 4
#: from a message's becoming visible to the function's first line, warm (milliseconds, from and to)
POLL_MS = (5, 30)


class Calm(FaultPlan):
    """No faults; every call to AWS takes some milliseconds."""

    def latency_ms(self, usual_max: int) -> int:
        return 1 + int(self.fraction() * AWS_LATENCY_MS)


class Queue(StoredQueue):
    """Delivers in order of sending instead of any order: the same promise, computed faster."""

    def receive(self, most: int, *, again: bool = False) -> list[Delivery]:
        now_ms = self._timeline.now_ms
        found = []
        for message in self.messages.values():
            if message.visible_at_ms <= now_ms:
                found.append(message)
                if len(found) == most:
                    break
        kept = [m for m in found if m.receives < (self.receives_max or m.receives + 1)]
        for message in found:
            if message not in kept:
                self._bury(message)
        return [self._hand_out(message, again) for message in kept]


@dataclass(slots=True)
class Account:
    """How Lambda's time was spent, in seconds."""

    #: invocations that ended without a request of their own
    turned_away_s: float = 0.0
    slept_s: float = 0.0
    invocations: int = 0
    total_s: float = 0.0
    #: items read from or written to the ledger
    ledger_items: int = 0

    @property
    def waited_s(self) -> float:
        return self.turned_away_s + self.slept_s


@dataclass(slots=True)
class World:
    """One run's neighbours; `latency_s` is the range of Genesys' answer times."""

    latency_s: tuple[float, float] = (0.15, 0.35)
    #: our own code's time for a request, at the function's share of a processor
    own_s: float = 0.0
    conduct: Conduct = NONE
    seed: int = SEED
    timeline: Timeline = field(init=False)
    random: Random = field(init=False)
    scheduler: Scheduler = field(init=False)
    platform: GenesysPlatform = field(init=False)
    table: Table = field(init=False)
    documents: dict[str, str] = field(default_factory=dict)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    account: Account = field(default_factory=Account)
    queues: dict[str, Queue] = field(default_factory=dict)
    #: writes to the table before the run began: records and claims of what was waiting
    writes_before: int = 0

    def __post_init__(self) -> None:
        self.timeline = Timeline(START_MS)
        self.random = Random(self.seed)
        fault_plan = Calm(Random(self.seed + 1), {})
        self.scheduler = Scheduler(self.timeline, fault_plan, Trace(), frozenset())
        self.platform = GenesysPlatform(
            lambda: self.timeline.now_ms / 1000, Random(self.seed + 2), self.conduct
        )
        self.table = Table()

    @property
    def now_s(self) -> float:
        """Seconds since the run began."""
        return (self.timeline.now_ms - START_MS) / 1000

    def queue(self, name: str) -> Queue:
        if name not in self.queues:
            plain = without_lane(name)
            dead = self.queue(f"{name}-dead") if plain in RECEIVES_MAX else None
            self.queues[name] = Queue(
                name,
                self.timeline,
                self.random,
                visibility_s=LIVE.visibility_s.get(plain, 300),
                retention_s=SOURCE_RETENTION_S,
                receives_max=RECEIVES_MAX.get(plain),
                dead=dead,
            )
        return self.queues[name]

    def port(self, name: str) -> MemoryQueue:
        return MemoryQueue(self.queue(name), self.scheduler, CALM)

    def at_s(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedules an action, in seconds from the run's beginning."""
        self.timeline.at(START_MS + int(seconds * 1000), action)

    def run(self, until: Callable[[], bool], most_s: float) -> None:
        """Lets time pass until a condition holds, or for at most `most_s` seconds."""
        while not until() and self.now_s < most_s and self.timeline.step():
            pass


@dataclass(slots=True)
class Clock:
    """Implements relay.kernel.ports.Clock; sleeping is billed by Lambda."""

    world: World
    slept_s: float = 0.0

    def now_ms(self) -> int:
        return self.world.timeline.now_ms

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.world.account.slept_s += seconds
        self.world.scheduler.wait("sleep", seconds)


class Http:
    """Implements relay.kernel.ports.Http over the simulator's core; times out like the real one."""

    def __init__(self, world: World, timeout_s: float) -> None:
        self._world = world
        self._timeout_s = timeout_s
        self.requests = 0

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        world, scheduler = self._world, self._world.scheduler
        self.requests += 1
        low, high = world.latency_s
        latency_s = low + world.random.random() * (high - low)
        if world.own_s:
            scheduler.wait("own", world.own_s)
        scheduler.wait(f"http.{method}", latency_s / 2)
        request = Request(method, urlsplit(url).path, {}, headers, body or b"")
        answer = world.platform.handle(request)
        rest_s = latency_s / 2 + answer.delay_s
        scheduler.wait(f"http.{method} answered", min(rest_s, self._timeout_s))
        if answer.dropped or rest_s > self._timeout_s:
            return Unanswered(Code.QUOTED("no answer"))
        return Answer(answer.status, answer.headers, answer.body)


class Secrets:
    """Implements relay.kernel.ports.Secrets."""

    def credentials(self, fresh: bool) -> Credentials:
        return Credentials(CLIENT_ID, CLIENT_SECRET)


@dataclass(frozen=True, slots=True)
class Instance:
    """A warm execution environment: runs an invocation, and reports its waiting time."""

    run: Callable[[Sequence[Delivery], int], list[str]]
    clock: Clock
    http: Http


class EventSource:
    """An event source mapping: up to `concurrency` invocations of `batch` messages at a time."""

    def __init__(
        self,
        world: World,
        queue: str,
        make: Callable[[], Instance],
        *,
        concurrency: int,
        batch: int,
        timeout_s: int,
    ) -> None:
        self._world = world
        self._queue = world.queue(queue)
        self._idle = [make() for _ in range(concurrency)]
        self._batch = batch
        self._timeout_s = timeout_s
        self._queue.on_visible = self._expect

    def _expect(self, visible_at_ms: int) -> None:
        low, high = POLL_MS
        timeline = self._world.timeline
        delay_ms = low + int(self._world.random.random() * (high - low))
        timeline.at(max(visible_at_ms, timeline.now_ms) + delay_ms, self._poll)

    def _poll(self) -> None:
        if not self._idle:
            return
        deliveries = self._queue.receive(self._batch)
        if not deliveries:
            return
        instance = self._idle.pop()
        world = self._world
        began_s, slept_s, requests = world.now_s, instance.clock.slept_s, instance.http.requests
        deadline_ms = world.timeline.now_ms + self._timeout_s * 1000

        def ended(ending: Ending) -> None:
            took_s = world.now_s - began_s
            world.account.invocations += 1
            world.account.total_s += took_s
            if instance.http.requests == requests:
                world.account.turned_away_s += took_s - (instance.clock.slept_s - slept_s)
            self._idle.append(instance)
            self._settle(deliveries, ending)

        world.scheduler.start(
            self._queue.name,
            self._timeout_s,
            lambda: instance.run(deliveries, deadline_ms),
            ended,
        )

    def _settle(self, deliveries: Sequence[Delivery], ending: Ending) -> None:
        if isinstance(ending, Raised):
            raise ending.error
        kept = set(ending.value) if isinstance(ending, Returned) else None
        for delivery in deliveries:
            if kept is not None and delivery.message_id not in kept:
                self._queue.delete(delivery)
            visible_at_ms = self._queue.visible_at_ms(delivery)
            if visible_at_ms is not None:
                self._expect(visible_at_ms)
        self._expect(self._world.timeline.now_ms)
