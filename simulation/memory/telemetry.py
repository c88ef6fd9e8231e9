"""Telemetry that can be read back: counts by metric, and the notes."""

from collections import Counter

from lambdas.relay.kernel.metrics import Metric


class MemoryTelemetry:
    """Implements relay.kernel.ports.Telemetry."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: list[tuple[str, dict[str, object]]] = []

    def count(self, metric: Metric, value: float = 1) -> None:
        self.counts[metric] += int(value)

    def note(self, message: str, **fields: object) -> None:
        self.notes.append((message, fields))
