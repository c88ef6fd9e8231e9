"""Where a call leaves the process: the points at which somebody else may run, or all may end."""

from typing import Protocol

from simulation.memory.timeline import Timeline


class Gate(Protocol):
    """Every port passes it before and after its effect. A caller that has died never gets
    through: its gate raises, so that a dead function's later calls have no effect."""

    def step(self, call: str) -> None: ...

    def wait(self, call: str, seconds: float) -> None:
        """The caller does nothing for that long."""
        ...


class OpenGate:
    """One caller, nobody else: waiting lets the world's time pass."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def step(self, call: str) -> None:
        return

    def wait(self, call: str, seconds: float) -> None:
        self._timeline.advance(seconds)
