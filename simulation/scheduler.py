"""Which invocation runs next, and which dies: they are greenlets that switch at port calls.

Production code is plain synchronous Python. Every port call passes the gate before and after its
effect; there the invocation stops, others run, and it continues at a later virtual time, or never.
A killed invocation gets `Killed` raised at the gate, and again at every later gate that it reaches
while unwinding: a dead instance has no effects, not even in a `finally`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greenlet import getcurrent, greenlet

from simulation.fault_plan import FaultPlan
from simulation.memory.timeline import Timeline
from simulation.trace import Trace

#: how long a call takes in each direction, without delays
LATENCY_MS_MAX = 40


class Killed(BaseException):
    """The instance is gone. Not an Exception: nothing in the relay may catch it."""


@dataclass(slots=True)
class Returned:
    value: Any


@dataclass(slots=True)
class Raised:
    error: Exception


@dataclass(slots=True)
class Died:
    """Killed by the platform or by the function's timeout: no answer, whatever was done."""

    reason: str


Ending = Returned | Raised | Died


class Invocation:
    __slots__ = ("deadline_ms", "ended", "greenlet", "is_dead", "name")

    def __init__(
        self, name: str, deadline_ms: int, ended: Callable[[Ending], None], run: greenlet
    ) -> None:
        self.name = name
        self.deadline_ms = deadline_ms
        self.ended = ended
        self.greenlet = run
        self.is_dead = False


class Scheduler:
    """Implements memory.gate.Gate for the invocation that is running."""

    def __init__(
        self, timeline: Timeline, fault_plan: FaultPlan, trace: Trace, kills: frozenset[int]
    ) -> None:
        self.live = 0
        #: points passed at which an invocation can be killed
        self.points = 0
        self._timeline = timeline
        self._weather = fault_plan
        self._trace = trace
        self._kills = kills
        self._hub = getcurrent()
        self._running: Invocation | None = None

    def start(
        self, name: str, timeout_s: int, body: Callable[[], Any], ended: Callable[[Ending], None]
    ) -> None:
        """Begins an invocation; `ended` is called once, outside any invocation."""

        def life() -> None:
            ending: Ending
            try:
                self.step("begin")
                value = body()
                self.step("return")
                ending = Returned(value)
            except Killed:
                return
            except Exception as error:  # noqa: BLE001 Lambda reports any error as a failed invocation
                ending = Raised(error)
            self._end(invocation, ending)

        deadline_ms = self._timeline.now_ms + timeout_s * 1000
        invocation = Invocation(name, deadline_ms, ended, greenlet(life, self._hub))
        self.live += 1
        self._resume(invocation)

    @property
    def is_busy(self) -> bool:
        """Whether an invocation is running, rather than the world itself."""
        return self._running is not None

    def step(self, call: str) -> None:
        """Lets others run; returns after a latency, or never."""
        self._pause(call, self._weather.latency_ms(LATENCY_MS_MAX))

    def wait(self, call: str, seconds: float) -> None:
        self._pause(call, int(seconds * 1000) + 1)

    def _pause(self, call: str, delay_ms: int) -> None:
        invocation = self._running
        if invocation is None or invocation.is_dead:
            raise Killed
        timeline = self._timeline
        self._trace.note(timeline.now_ms, invocation.name, call)
        self.points += 1
        when_ms = min(timeline.now_ms + delay_ms, invocation.deadline_ms)
        if self.points in self._kills or self._weather.strikes("crash"):
            timeline.at(when_ms, lambda: self._kill(invocation, "crash"))
        else:
            timeline.at(when_ms, lambda: self._resume(invocation))
        self._hub.switch()

    def _resume(self, invocation: Invocation) -> None:
        if self._timeline.now_ms >= invocation.deadline_ms:
            self._kill(invocation, "timeout")
            return
        self._running = invocation
        invocation.greenlet.switch()
        self._running = None

    def _kill(self, invocation: Invocation, reason: str) -> None:
        invocation.is_dead = True
        if reason == "timeout":
            self._weather.happened("timeout")
        self._running = invocation
        invocation.greenlet.throw(Killed)
        self._running = None
        self._end(invocation, Died(reason))

    def _end(self, invocation: Invocation, ending: Ending) -> None:
        self.live -= 1
        self._trace.note(self._timeline.now_ms, invocation.name, f"ended: {describe(ending)}")
        self._timeline.at(self._timeline.now_ms, lambda: invocation.ended(ending))


def describe(ending: Ending) -> str:
    match ending:
        case Returned(value):
            return f"returned {value}"
        case Raised(error):
            return f"raised {type(error).__name__}: {error}"
        case Died(reason):
            return f"died: {reason}"
