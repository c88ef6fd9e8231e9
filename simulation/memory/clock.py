"""Clocks that disagree, and chance from a seed."""

from random import Random

from simulation.memory.gate import Gate
from simulation.memory.timeline import Timeline


class MemoryClock:
    """Implements relay.ports.Clock: true time, wrong by `skew_ms`."""

    def __init__(self, timeline: Timeline, gate: Gate, skew_ms: int) -> None:
        self._timeline = timeline
        self._gate = gate
        self._skew_ms = skew_ms

    def now_ms(self) -> int:
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
