"""Where a call leaves the process: the points at which others may run, or the caller may die."""

from typing import Protocol

from simulation.memory.timeline import Timeline


class Gate(Protocol):
    """Every port passes it before and after its effect. For a dead caller the gate raises, so that
    its later calls have no effect."""

    def step(self, call: str) -> None: ...

    def wait(self, call: str, seconds: float) -> None:
        """The caller does nothing for that long."""
        ...


class OpenGate:
    """For a single caller: waiting advances the world's time."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def step(self, call: str) -> None:
        return

    def wait(self, call: str, seconds: float) -> None:
        self._timeline.advance(seconds)
