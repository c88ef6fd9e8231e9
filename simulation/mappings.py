"""Lambda's side: warm instances, and event source mappings between a queue and its function."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from lambdas.relay.kernel.ports import Delivery
from simulation.endless import Doomed
from simulation.fault_plan import FaultPlan
from simulation.functions import Function, Instance, Neighbours, skew_ms_max
from simulation.memory.queues import StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.timeline import Timeline
from simulation.releases import Release
from simulation.scheduler import Ending, Raised, Returned, Scheduler

#: how long a message that can be received waits until it is polled
POLL_MS_MAX = 2_000


@dataclass(slots=True)
class Warm:
    """An execution environment and the function in it."""

    name: str
    instance: Instance
    function: Function


def in_memory(verb: str, neighbours: Neighbours, skew_ms: int) -> Instance:
    return Instance(neighbours, skew_ms)


@dataclass(slots=True)
class Pool:
    """The execution environments of one function: reused while they live."""

    verb: str
    timeout_s: int
    make: Callable[[Instance], Function]
    neighbours: Neighbours
    scheduler: Scheduler
    fault_plan: FaultPlan
    random: Random
    #: creates a function's execution environment
    instances: Callable[[str, Neighbours, int], Instance] = in_memory
    #: invocations that ended with an error, by its text
    errors: list[Exception] = field(default_factory=list)
    invocations: int = 0
    _idle: list[Warm] = field(default_factory=list)
    _made: int = 0
    _deploys: int = 0

    def invoke(self, deliveries: list[Delivery], ended: Callable[[Ending], None]) -> None:
        warm = self._idle.pop() if self._idle else self._cold()
        self.invocations += 1
        deploys = self._deploys

        def body() -> list[str]:
            if warm.instance.neighbours.server.ceased.kills(
                self.verb, [d.body for d in deliveries]
            ):
                raise Doomed
            deadline_ms = warm.instance.clock.now_ms() + self.timeout_s * 1000
            return warm.function(deliveries, deadline_ms)

        def after(ending: Ending) -> None:
            is_doomed = isinstance(ending, Raised) and isinstance(ending.error, Doomed)
            if isinstance(ending, Raised) and not is_doomed:
                self.errors.append(ending.error)
            if isinstance(ending, Returned | Raised) and deploys == self._deploys and not is_doomed:
                self._idle.append(warm)
            ended(ending)

        self.scheduler.start(warm.name, self.timeout_s, body, after)

    def deploy(self, settings: MemorySettings, release: Release) -> None:
        """Applies to invocations that begin from now on; running ones end as they began."""
        self.neighbours = replace(self.neighbours, settings=settings, release=release)
        self._idle.clear()
        self._deploys += 1

    def _cold(self) -> Warm:
        self._made += 1
        skew_ms = 0
        if self.fault_plan.strikes("clock skew"):
            most_ms = skew_ms_max(self.neighbours.settings)
            skew_ms = self.random.randint(-most_ms, most_ms)
        instance = self.instances(self.verb, self.neighbours, skew_ms)
        return Warm(f"{self.verb}-{self._made}", instance, self.make(instance))


class Mapping:
    """One event source mapping: receives, invokes, and deletes what the function completed."""

    def __init__(
        self,
        queue: StoredQueue,
        pool: Pool,
        *,
        most: int,
        regroups: bool,
        concurrency: int,
        timeline: Timeline,
        fault_plan: FaultPlan,
        random: Random,
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._most = most
        self._regroups = regroups
        self._room = concurrency
        self._timeline = timeline
        self._weather = fault_plan
        self._random = random
        self._paused_until_ms = 0
        queue.on_visible = self._expect

    def pause(self, until_ms: int) -> None:
        """The queue is not read: a disabled mapping, a missing permission, a bad deploy."""
        self._paused_until_ms = max(until_ms, self._paused_until_ms)
        self._timeline.at(until_ms, self._poll)

    def _expect(self, visible_at_ms: int) -> None:
        delay_ms = int(self._random.random() * POLL_MS_MAX)
        self._timeline.at(max(visible_at_ms, self._timeline.now_ms) + delay_ms, self._poll)

    def _poll(self) -> None:
        if self._room == 0 or self._timeline.now_ms < self._paused_until_ms:
            return
        # SQS regroups: how many messages come together, and which, always varies.
        most = 1 + int(self._random.random() * self._most) if self._regroups else self._most
        again = self._weather.strikes("delivered twice")
        deliveries = self._queue.receive(most, again=again)
        if not deliveries:
            return
        self._room -= 1
        self._pool.invoke(deliveries, lambda ending: self._settle(deliveries, ending))
        self._expect(self._timeline.now_ms)

    def _settle(self, deliveries: list[Delivery], ending: Ending) -> None:
        """Partial batch response: deletes what is not reported failed; no answer, no deletion."""
        self._room += 1
        kept = None if not isinstance(ending, Returned) else set(ending.value)
        for delivery in deliveries:
            done = kept is not None and delivery.message_id not in kept
            if done and not self._weather.strikes("acknowledgement lost"):
                self._queue.delete(delivery)
            visible_at_ms = self._queue.visible_at_ms(delivery)
            if visible_at_ms is not None:
                self._expect(visible_at_ms)
        self._expect(self._timeline.now_ms)
