"""The events that writes cause: what Genesys would publish, when, and with which faults."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal

from simulator.faults import Conduct

Fate = Literal["on_time", "late", "twice", "before_answer", "never", "never_nor_effect"]
FATES: tuple[Fate, ...] = Fate.__args__  # type: ignore[attr-defined]
BEFORE_ANSWER_S = 0.3  # how long the answer then waits, so that the event is certainly first


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before its fate: the topic's template, the id in it, the body."""

    detail_type: str
    topic_id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caused:
    """`detail` is the EventBridge detail; it should be published at `due_at` (epoch seconds)."""

    due_at: float
    detail_type: str
    detail: dict[str, Any]
    fate: Fate
    request: int


class CausedEvents:
    """The events not yet published. `next_fates` are used before random ones."""

    def __init__(self) -> None:
        self.next_fates: deque[Fate] = deque()
        self.waiting: list[Caused] = []

    def fate(self, conduct: Conduct, rng: Random) -> Fate:
        """The fate of the event(s) of one request; takes one number from `rng`."""
        point = rng.random()
        if self.next_fates:
            return self.next_fates.popleft()
        for fate in FATES[1:]:
            point -= getattr(conduct, f"event_{fate}")
            if point < 0:
                return fate
        return "on_time"

    def cause(
        self,
        draft: Draft,
        fate: Fate,
        correlation_id: str,
        request: int,
        at: float,
        conduct: Conduct,
    ) -> None:
        """Put a draft in the queue; its due time counts from `at`, the time of the effect."""
        if fate in ("never", "never_nor_effect"):
            return
        delay_s = conduct.event_late_s if fate == "late" else conduct.event_delay_s
        due_at = at if fate == "before_answer" else at + delay_s
        detail = {
            "topicName": draft.detail_type.replace("{id}", draft.topic_id),
            "version": "2",
            "timestamp": iso(due_at),
            "eventBody": draft.body,
            "metadata": {"CorrelationId": correlation_id},
        }
        caused = Caused(due_at, draft.detail_type, detail, fate, request)
        self.waiting += [caused, caused] if fate == "twice" else [caused]

    def drain(self, now: float) -> list[Caused]:
        """The events to publish by now, oldest first; each is returned once."""
        due = sorted((e for e in self.waiting if e.due_at <= now), key=lambda e: e.due_at)
        self.waiting = [e for e in self.waiting if e.due_at > now]
        return due


def iso(at: float) -> str:
    """Genesys' timestamps: ISO 8601, UTC, milliseconds, Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
