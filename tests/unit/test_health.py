"""A slow ledger is left alone; its work waits in the queue and is done when it has recovered."""

from collections.abc import Sequence

import pytest

from lambdas.relay.functions.dedup import Deps, dedup
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import (
    LEDGER_PAUSE_MAX_S,
    LEDGER_PAUSE_MIN_S,
    LEDGER_SLOW_CALLS_MAX,
    LEDGER_SLOW_S,
)
from lambdas.relay.kernel.ports import Item, Outgoing, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.health import SparedLedger
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import decode, encode
from simulation.memory.ledger import MemoryLedger
from tests.unit.batches import NOW_MS, batch_of, said_in
from tests.unit.world import World

KEY = ("C#a", "E#a")


class SlowLedger(MemoryLedger):
    """Takes its time."""

    takes_s = 0.0
    fails = False
    calls = 0

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        self._take()
        return super().find(keys)

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        self._take()
        return super().insert(items)

    def _take(self) -> None:
        self.calls += 1
        self._timeline.advance(self.takes_s)
        if self.fails:
            raise Transient(Code.QUOTED("PutItem: ReadTimeoutError"))


class Watched:
    """A slow ledger behind the guard."""

    def __init__(self) -> None:
        self.world = World()
        world = self.world
        self.store = SlowLedger(world.table, world.gate, world.faults, world.timeline)
        self.ledger = SparedLedger(self.store, world.clock, world.telemetry)

    def asks(self, times: int = 1) -> int:
        """How many of these calls reached the store."""
        before = self.store.calls
        for _ in range(times):
            try:
                self.ledger.find([KEY])
            except Transient:
                continue
        return self.store.calls - before

    def waits(self, seconds: float) -> None:
        self.world.timeline.advance(seconds)


def test_a_quick_ledger_is_asked_every_time() -> None:
    watched = Watched()
    watched.store.takes_s = LEDGER_SLOW_S * 0.9

    assert watched.asks(50) == 50


def test_a_few_slow_calls_change_nothing() -> None:
    watched = Watched()
    for _ in range(20):
        watched.store.takes_s = LEDGER_SLOW_S
        assert watched.asks(LEDGER_SLOW_CALLS_MAX - 1) == LEDGER_SLOW_CALLS_MAX - 1
        watched.store.takes_s = 0.01
        assert watched.asks() == 1


def test_after_slow_calls_in_a_row_nobody_asks_until_the_pause_is_over() -> None:
    watched = Watched()
    watched.store.takes_s = LEDGER_SLOW_S

    assert watched.asks(50) == LEDGER_SLOW_CALLS_MAX
    with pytest.raises(Transient, match="calls to it are paused"):
        watched.ledger.find([KEY])
    assert watched.world.telemetry.counts["LedgerSpared"] == 50 - LEDGER_SLOW_CALLS_MAX + 1

    watched.waits(LEDGER_PAUSE_MIN_S)
    watched.store.takes_s = 0.01
    assert watched.asks(50) == 50


def test_each_slow_probe_doubles_the_pause_up_to_its_limit() -> None:
    watched = Watched()
    watched.store.takes_s = LEDGER_SLOW_S
    watched.asks(LEDGER_SLOW_CALLS_MAX)
    pause_s = LEDGER_PAUSE_MIN_S

    for _ in range(8):
        watched.waits(pause_s - 0.001)
        assert watched.asks() == 0
        watched.waits(0.001)
        assert watched.asks() == 1  # the probe
        assert watched.asks() == 0
        pause_s = min(2 * pause_s, LEDGER_PAUSE_MAX_S)

    assert pause_s == LEDGER_PAUSE_MAX_S


def test_after_a_recovery_the_first_pause_is_short_again() -> None:
    watched = Watched()
    for takes_s in (LEDGER_SLOW_S, LEDGER_SLOW_S, 0.01):
        watched.store.takes_s = takes_s
        watched.asks(LEDGER_SLOW_CALLS_MAX)
        watched.waits(LEDGER_PAUSE_MAX_S)

    watched.store.takes_s = LEDGER_SLOW_S
    assert watched.asks(20) == LEDGER_SLOW_CALLS_MAX
    watched.waits(LEDGER_PAUSE_MIN_S)
    assert watched.asks() == 1


def test_a_call_that_failed_slowly_was_slow_and_one_that_failed_at_once_was_not() -> None:
    watched = Watched()
    watched.store.fails = True
    assert watched.asks(20) == 20

    watched.store.takes_s = LEDGER_SLOW_S
    assert watched.asks(20) == LEDGER_SLOW_CALLS_MAX


def test_work_waits_in_the_queue_and_is_done_when_the_ledger_has_recovered() -> None:
    watched = Watched()
    world = watched.world
    deps = Deps(
        consumer=world.consumer(),
        ledger=watched.ledger,
        writes=world.queue("writes"),
        checks=world.queue("checks"),
        destinations=("journey",),
        confirmations={},
        answer_wait_s=70,
    )
    batches = [batch_of(str(number), nonce=str(number)) for number in range(40)]
    for batch in batches:
        world.stored_queue("source").send(Outgoing(encode(batch)))
    watched.store.takes_s = 2 * LEDGER_SLOW_S
    asked_while_slow = 0

    for turn in range(400):
        if turn == 40:
            asked_while_slow = watched.store.calls
            watched.store.takes_s = 0.01
        arrived = world.stored_queue("source").receive(10)
        kept = settle_each(arrived, lambda d: dedup(d, deps), deps.consumer)
        for delivery in arrived:
            if delivery.message_id not in kept:
                world.queue("source").delete(delivery)
        watched.waits(5)

    written = sorted(said for body in world.bodies("writes") for said in said_in(decode(body)))
    assert written == sorted(str(number) for number in range(40))
    assert world.bodies("source") == []
    assert world.telemetry.counts["LedgerSpared"] > 20
    assert asked_while_slow < 40
    assert world.timeline.now_ms > NOW_MS
