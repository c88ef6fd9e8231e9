"""The reconciler's schedule: only the runs that will find something take place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.kernel.limits import RECONCILE_EVERY_S
from lambdas.relay.kernel.ports import Item
from lambdas.relay.requests.states import OVERDUE
from simulation.fault_plan import FaultPlan
from simulation.incidents import redrive
from simulation.mappings import Pool
from simulation.memory.queues import StoredQueue
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.scheduler import Ending

_NEVER_MS = 1 << 62
REDRIVES_BY_HAND = 20


@dataclass(slots=True)
class Reconciliation:
    timeline: Timeline
    fault_plan: FaultPlan
    queues: Mapping[str, StoredQueue]
    table: Table
    #: None: this design has no reconciler
    pool: Pool | None
    #: the queues that it reads
    names: Sequence[str]
    _is_due: bool = False
    _next_look_ms: int = _NEVER_MS
    _redriven_by_hand: int = 0
    _paused_until_ms: int = 0

    def expect_dead_letter(self, visible_at_ms: int) -> None:
        if not self._is_due:
            self._is_due = True
            every_ms = RECONCILE_EVERY_S * 1000
            self.timeline.at((visible_at_ms // every_ms + 1) * every_ms, self._run)

    def record_changed(self, new: Item) -> None:
        if new.get("attention") == OVERDUE:
            self._expect_overdue(int(new["due_at"]))

    def pause(self, until_ms: int) -> None:
        """Its schedule is disabled."""
        self._paused_until_ms = until_ms

    def _run(self) -> None:
        if self.timeline.now_ms < self._paused_until_ms:
            self.timeline.at(self._paused_until_ms, self._run)
            return
        self._is_due = False
        if self.pool is None:
            self._redrive_by_hand()
            return
        self.pool.invoke([], self._ended)
        if self.fault_plan.strikes("reconcile twice"):
            self.pool.invoke([], self._ended)

    def _redrive_by_hand(self) -> None:
        """A design without a reconciler has an engineer with limited patience."""
        self._redriven_by_hand += 1
        if self._redriven_by_hand <= REDRIVES_BY_HAND:
            for queue in self.names:
                redrive(self.queues, queue, 1_000)

    def _ended(self, ending: Ending) -> None:
        if any(self.queues[f"{name}-dead"].messages for name in self.names):
            self.expect_dead_letter(self.timeline.now_ms)
        self._look_for_overdue()

    def _expect_overdue(self, due_at_s: int) -> None:
        due_ms = (due_at_s + 1) * 1000
        if self.pool is not None and due_ms < self._next_look_ms:
            self._next_look_ms = due_ms
            self.timeline.at(due_ms, self._look_for_overdue)

    def _look_for_overdue(self) -> None:
        self._next_look_ms = _NEVER_MS
        due_s = [
            int(item["due_at"])
            for item in self.table.items.values()
            if item.get("attention") == OVERDUE
        ]
        if any(due <= self.timeline.now_ms // 1000 for due in due_s):
            self.expect_dead_letter(self.timeline.now_ms)
        elif due_s:
            self._expect_overdue(min(due_s))
