"""The ledger as a function reaches it: over a network."""

from collections.abc import Callable, Sequence

from lambdas.relay.kernel.errors import Throttled, Transient
from lambdas.relay.kernel.ports import Change, Guard, Item, Written
from lambdas.relay.kernel.reasons import Code
from simulation.memory.faults import Faults
from simulation.memory.gate import Gate
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.releases import Release, changed, inserted

#: AWS refuses a signed request five minutes after its signing, so none arrives later
LATE_WRITE_MAX_S = 300.0


class MemoryLedger:
    """Implements relay.kernel.ports.Ledger."""

    def __init__(
        self,
        table: Table,
        gate: Gate,
        faults: Faults,
        timeline: Timeline,
        release: Release = "here",
    ) -> None:
        self._table = table
        self._gate = gate
        self._faults = faults
        self._timeline = timeline
        self._release = release

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        if not items:
            return []
        items = [inserted(item, self._release) for item in items]
        self._gate.step("ledger.insert")
        if len(items) > 1 and self._faults.strikes("ledger partly applied"):
            for item in items:
                if self._faults.fraction() < 0.5:
                    self._table.insert(item)
            raise Transient(Code.CALL_FAILED("ledger", "some of the items"))
        written = self._write(lambda: [self._table.insert(item) for item in items])
        self._gate.step("ledger.insert answered")
        return written

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        change = changed(pk, change, self._release, frozenset(guard.same))
        self._gate.step("ledger.change")
        written = self._write(lambda: [self._table.change(pk, sk, guard, change)])[0]
        self._gate.step("ledger.change answered")
        return written

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        self._read("ledger.find")
        return self._table.find(keys)

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        self._read("ledger.of")
        items = [item for item in self._table.of(pk) if item["sk"].startswith(begins)]
        found = [item for item in items if not before or item["sk"] < before]
        return found if newest is None else found[::-1][:newest]

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        self._read("ledger.due")
        return self._table.due(attention, before_s, most)

    def _read(self, call: str) -> None:
        self._gate.step(call)
        if self._faults.strikes("ledger unreadable"):
            raise Transient(Code.CALL_FAILED("ledger", "unreadable"))

    def _write(self, apply: Callable[[], list[Written]]) -> list[Written]:
        """One conditional write, or several that are independent of one another."""
        if self._faults.strikes("ledger throttled"):
            raise Throttled(Code.CALL_FAILED("ledger", "asks to slow down"))
        if self._faults.strikes("ledger late write"):
            delay_s = 0.1 + self._faults.fraction() ** 2 * (LATE_WRITE_MAX_S - 0.2)
            self._timeline.after(delay_s, lambda: void(apply()))
            raise Transient(Code.CALL_FAILED("ledger", "did not answer"))
        written = apply()
        if self._faults.strikes("ledger met itself"):
            written = apply()
        if self._faults.strikes("ledger answer lost"):
            raise Transient(Code.CALL_FAILED("ledger", "did not answer"))
        return written


def void(result: object) -> None:
    """The caller has gone, so the answer is dropped."""
