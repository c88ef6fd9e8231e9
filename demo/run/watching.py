"""Watching a run until nothing is left to do."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.run.stage import QUEUES, Stage

POLL_EVERY_S = 0.5
#: how many polls in a row must find nothing left to do
QUIET_POLLS = 4
#: a run in which nothing changes for this long is stuck: longer than any sequence of visibility
#: timeout, lease and back-off in the rehearsal timing
PATIENCE_S = 240.0
#: how often the reconciler is called when only dead letters are left
RECONCILIATIONS_MAX = 8


@dataclass(slots=True)
class Sight:
    """The result of one look."""

    #: messages by queue name: visible, in flight and delayed together
    queues: Mapping[str, int]
    dead: Mapping[str, int]
    genesys: Mapping[str, Any]
    seconds: float
    reconciled: int = 0

    @property
    def working(self) -> int:
        messages: int = sum(self.queues.values())
        return messages + int(self.genesys["late_effects_waiting"])

    @property
    def mark(self) -> tuple[object, ...]:
        """Changes with every progress."""
        return (
            tuple(self.queues.values()),
            tuple(self.dead.values()),
            self.genesys["effects"],
            self.genesys["requests"],
        )


@dataclass(slots=True)
class Watch:
    """Looks at a stage repeatedly."""

    stage: Stage
    began: float = field(default_factory=time.monotonic)
    #: the same moment as seconds since 1970
    began_at: float = field(default_factory=time.time)
    reconciled: int = 0
    sights: list[Sight] = field(default_factory=list)
    #: a scenario's actions and observations, with their times (seconds since 1970), for the report
    notes: list[tuple[float, str]] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append((time.time(), text))

    def until(self, holds: Callable[[], bool], tell: Callable[[Sight], None]) -> bool:
        """True once it holds; False if nothing changes any more and it still does not. `holds` is
        called repeatedly, however long a busy machine takes."""
        changed, mark = time.monotonic(), None
        while not holds():
            sight = self.look()
            tell(sight)
            if sight.mark != mark:
                mark, changed = sight.mark, time.monotonic()
            if time.monotonic() - changed > PATIENCE_S:
                return False
            time.sleep(POLL_EVERY_S)
        return True

    def look(self) -> Sight:
        sight = Sight(
            queues={name: self._depth(f"{name}QueueUrl") for name in QUEUES},
            dead={name: self._depth(f"{name}DeadQueueUrl") for name in QUEUES},
            genesys=self.stage.genesys.get("summary"),
            seconds=time.monotonic() - self.began,
            reconciled=self.reconciled,
        )
        self.sights.append(sight)
        return sight

    def until_quiet(self, tell: Callable[[Sight], None]) -> bool:
        """True once every queue has drained, False if nothing changes any more."""
        quiet, changed, mark = 0, time.monotonic(), None
        while quiet < QUIET_POLLS:
            sight = self.look()
            tell(sight)
            if sight.mark != mark:
                mark, changed = sight.mark, time.monotonic()
            if time.monotonic() - changed > PATIENCE_S:
                return False
            quiet = quiet + 1 if sight.working == 0 else 0
            if quiet == QUIET_POLLS and any(sight.dead.values()):
                if self.reconciled == RECONCILIATIONS_MAX:
                    return False
                self.stage.reconcile()
                self.reconciled += 1
                quiet = 0
            time.sleep(POLL_EVERY_S)
        return True

    def _depth(self, output: str) -> int:
        attributes = self.stage.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.stage.outputs[output],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return sum(int(count) for count in attributes.values())
