"""A ledger that answers too slowly is not called for a while; the work stays in the queue.

    closed ──several slow in a row──▶ open ──pause over──▶ one call as a probe
       ▲                                      ▲                     │           │
       ╰──────────────── quick ───────────────┼─────────────────────╯           │
                                              ╰── slow: the pause doubles ◀─────╯

While it is open, every call fails at once with Transient, so the message returns to the queue with
a backoff instead of holding a function (and another connection to the store) for seconds. Only
dedup uses this: it has nothing at stake before its claims are made. A writer that has just sent a
request must record the outcome, however slow the ledger is.

Each instance keeps its own state: the ledger cannot hold it, since the ledger is what is slow.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lambdas.relay.kernel.breakers import LedgerBreaker
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Change, Clock, Guard, Item, Ledger, Telemetry, Written
from lambdas.relay.kernel.reasons import Code

T = TypeVar("T")
DEFAULT = LedgerBreaker()


class SparedLedger:
    """Implements relay.kernel.ports.Ledger over another ledger."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        telemetry: Telemetry,
        limits: LedgerBreaker = DEFAULT,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._telemetry = telemetry
        self._limits = limits
        self._slow = 0
        self._pause_s = 0.0
        self._spared_until_ms = 0

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        return self._timed(lambda: self._ledger.insert(items))

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        return self._timed(lambda: self._ledger.change(pk, sk, guard, change))

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        return self._timed(lambda: self._ledger.find(keys))

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        return self._timed(lambda: self._ledger.of(pk, begins, before, newest))

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        return self._timed(lambda: self._ledger.due(attention, before_s, most))

    def _timed(self, call: Callable[[], T]) -> T:
        began_ms = self._clock.now_ms()
        if began_ms < self._spared_until_ms:
            self._telemetry.count("LedgerSpared")
            raise Transient(Code.LEDGER_SPARED())
        try:
            return call()
        finally:  # a call that failed slowly counts as well
            self._learn(self._clock.now_ms(), began_ms)

    def _learn(self, now_ms: int, began_ms: int) -> None:
        if now_ms - began_ms < self._limits.slow_s * 1000:
            self._slow, self._pause_s = 0, 0.0
            return
        self._slow += 1
        if self._slow < self._limits.calls:
            return
        self._pause_s = min(
            self._limits.pause_max_s, max(self._limits.pause_min_s, 2 * self._pause_s)
        )
        self._spared_until_ms = now_ms + int(self._pause_s * 1000)
        self._telemetry.note("ledger spared", seconds=self._pause_s, took_ms=now_ms - began_ms)
