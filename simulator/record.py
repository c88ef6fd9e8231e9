"""The record: every request, every effect, every violation, in the order they happened.

An effect is one item taking effect once. Readers ask two questions: did the same item take effect
before (`repetition`), and does that matter (not if `idempotent`: an upsert or a merge).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    number: int
    at: float
    endpoint: str
    scope: str  # the ids in the path, "" if there are none
    item_id: str
    content_hash: str
    content: Any
    key: str
    correlation_id: str
    request: int
    idempotent: bool
    repetition: bool


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """`status` is what the client read, 0 if it received no or only part of an answer."""

    number: int
    at: float
    method: str
    path: str
    endpoint: str
    client_id: str
    status: int
    answered: bool
    delay_s: float
    key: str
    correlation_id: str
    context_id: str
    items: int
    body_hash: str
    fault: str
    replayed: bool
    #: of the event that it causes, "" if it causes none (caused.py)
    fate: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a correct client never does, whatever the platform's settings."""

    at: float
    request: int
    kind: str
    detail: str


class Record:
    """Kept in memory; each entry also goes to `sink` as {"kind": ..., fields}."""

    def __init__(self, sink: Callable[[dict[str, Any]], None] | None) -> None:
        self.effects: list[Effect] = []
        self.requests: list[RequestEntry] = []
        self.violations: list[Violation] = []
        self.faults: Counter[str] = Counter()
        self.begun = 0
        self.deduplicated = 0
        self.rejected: dict[str, str] = {}
        self.bodies: dict[tuple[str, str], str] = {}  # the body of each key or correlation id
        self._sink = sink
        self._ids: set[tuple[str, str, str]] = set()
        self._contents: set[tuple[str, str, str, str]] = set()

    def begin(self) -> int:
        """The number of the request that begins now, from 1."""
        self.begun += 1
        return self.begun

    def known(self, endpoint: str, scope: str, item_id: str) -> bool:
        """Whether an item with this id took effect before."""
        return (endpoint, scope, item_id) in self._ids

    def repeats(
        self, endpoint: str, scope: str, item_id: str, content_hash: str, idempotent: bool
    ) -> bool:
        """An upsert of the same id with different content is an update, not a repetition."""
        if idempotent:
            return (endpoint, scope, item_id, content_hash) in self._contents
        return self.known(endpoint, scope, item_id)

    def add_effect(self, effect: Effect) -> None:
        self.effects.append(effect)
        identity = (effect.endpoint, effect.scope, effect.item_id)
        self._ids.add(identity)
        self._contents.add((*identity, effect.content_hash))
        self._write("effect", effect)

    def add_request(self, entry: RequestEntry) -> None:
        self.requests.append(entry)
        if entry.fault:
            self.faults[entry.fault] += 1
        self._write("request", entry)

    def add_violation(self, violation: Violation) -> None:
        self.violations.append(violation)
        self._write("violation", violation)

    def restore(
        self, effects: list[Effect], requests: list[RequestEntry], violations: list[Violation]
    ) -> None:
        """Take over an earlier process's record; none of it goes to the sink again."""
        sink, self._sink = self._sink, None
        for effect in effects:
            self.add_effect(effect)
        for entry in requests:
            self.add_request(entry)
        for violation in violations:
            self.add_violation(violation)
        self._sink = sink

    def watch(self, kind: str, value: str, body_hash: str) -> bool:
        """True if `value` (a key, a correlation id) was already used for another body."""
        return bool(value) and self.bodies.setdefault((kind, value), body_hash) != body_hash

    def summary(self) -> dict[str, Any]:
        """Counts; `duplicates` are the repetitions that matter, `repetitions` the harmless ones."""
        repeated = [effect for effect in self.effects if effect.repetition]
        statuses = Counter(str(entry.status) for entry in self.requests)
        distinct: Counter[str] = Counter(endpoint for endpoint, _, _ in self._ids)
        return {
            "requests": len(self.requests),
            "answered": sum(entry.answered for entry in self.requests),
            "rate_limited": statuses.get("429", 0),
            "statuses": dict(sorted(statuses.items())),
            "requests_by_endpoint": dict(Counter(entry.endpoint for entry in self.requests)),
            "effects": len(self.effects),
            "effects_by_endpoint": dict(Counter(effect.endpoint for effect in self.effects)),
            "distinct_items": sum(distinct.values()),
            "distinct_items_by_endpoint": dict(distinct),
            "duplicates": sum(not effect.idempotent for effect in repeated),
            "repetitions": sum(effect.idempotent for effect in repeated),
            "deduplicated": self.deduplicated,
            "replayed": sum(entry.replayed for entry in self.requests),
            "rejected_items": len(self.rejected),
            "violations": len(self.violations),
            "faults": dict(self.faults),
        }

    def _write(self, kind: str, entry: Effect | RequestEntry | Violation) -> None:
        if self._sink is not None:
            self._sink({"kind": kind, **asdict(entry)})
