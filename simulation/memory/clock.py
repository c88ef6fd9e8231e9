"""Clocks that disagree, and seeded randomness."""

from random import Random

from simulation.memory.faults import CALM, Faults
from simulation.memory.gate import Gate
from simulation.memory.timeline import Timeline


class MemoryClock:
    """Implements relay.kernel.ports.Clock: true time plus `skew_ms`; a fault may set it on or back
    between two readings, but never off by more than `skew_ms_max`."""

    def __init__(
        self,
        timeline: Timeline,
        gate: Gate,
        skew_ms: int = 0,
        faults: Faults = CALM,
        skew_ms_max: int = 0,
    ) -> None:
        self._timeline = timeline
        self._gate = gate
        self._skew_ms = skew_ms
        self._faults = faults
        self._skew_ms_max = skew_ms_max

    def now_ms(self) -> int:
        if self._faults.strikes("clock set"):
            self._skew_ms = int((2 * self._faults.fraction() - 1) * self._skew_ms_max)
        return self._timeline.now_ms + self._skew_ms

    def sleep(self, seconds: float) -> None:
        self._gate.wait("sleep", seconds)


class SeededEntropy:
    """Implements relay.kernel.ports.Entropy."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def fraction(self) -> float:
        return self._random.random()

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
