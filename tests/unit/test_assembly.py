"""The functions as they are put together: each at its own queue, with all that it needs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from lambdas.relay.assembly.confirm import confirm_function
from lambdas.relay.assembly.consumers import Function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.reconcile import reconcile_function
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.assembly.write import write_function
from lambdas.relay.correlation.checks import timer
from lambdas.relay.kernel.limits import LEDGER_SLOW_CALLS_MAX, LEDGER_SLOW_S, QUEUES, RECEIVES_MAX
from lambdas.relay.kernel.ports import Delivery, Item, Outgoing, Ports, Written
from lambdas.relay.messages.dead_letters import REASON
from lambdas.relay.messages.sealing import Target, encode, seal
from simulation.memory.faults import Fault
from simulation.memory.settings import MemorySettings
from tests.unit.batches import NOW_MS, batch_of, sealed_event
from tests.unit.simulated import JOURNEY, Simulated, configuration, envelope
from tests.unit.world import World

SETTINGS = MemorySettings(configuration(JOURNEY))
TARGET = Target("there", "POST", "/there", "lists")
(BATCH,) = seal(
    TARGET, [sealed_event("a")], now_ms=NOW_MS, nonce="n", most_events=1, most_bytes=100_000
)
Assemble = Callable[[Ports, Settings], Function]

#: by queue: its function, a message of it, and what makes the function fail
CONSUMERS: dict[str, tuple[Assemble, str, Fault]] = {
    "events": (intake_function, envelope(1), "send refused"),
    "batches": (dedup_function, encode(BATCH), "ledger throttled"),
    "writes": (write_function, encode(BATCH), "ledger unreadable"),
    "checks": (confirm_function, timer("window", "b", 0).body, "ledger unreadable"),
}


def delivered(world: World, queue: str, body: str, receives: int) -> Delivery:
    (delivery,) = world.deliver(body, to=queue)
    return Delivery(delivery.message_id, delivery.receipt, body, receives, delivery.sent_at_ms)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_is_dead_lettered_with_its_reason_before_sqs_does_it_without(
    queue: str,
) -> None:
    assemble, body, fault = CONSUMERS[queue]
    world = World()
    world.faults.plan(fault)
    last_but_one = delivered(world, queue, body, RECEIVES_MAX[queue] - 1)

    assert assemble(world, SETTINGS)([last_but_one], NOW_MS + 60_000) == []

    (dead_letter,) = world.stored_queue(f"{queue}-dead").messages.values()
    assert dead_letter.body == body
    assert dead_letter.attributes[REASON]
    assert {name for name, stored in world.stored.items() if stored.messages} == {
        queue,
        f"{queue}-dead",
    }


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_that_fails_sooner_stays(queue: str) -> None:
    assemble, body, fault = CONSUMERS[queue]
    world = World()
    world.faults.plan(fault)
    early = delivered(world, queue, body, RECEIVES_MAX[queue] - 2)

    assert assemble(world, SETTINGS)([early], NOW_MS + 60_000) == [early.message_id]
    assert world.hidden_s(early, queue) > 0


@pytest.mark.parametrize("queue", QUEUES)
def test_a_dead_letter_goes_back_to_where_it_came_from(queue: str) -> None:
    world = World()
    body = CONSUMERS[queue][1]
    if queue == "checks":
        body = '{"kind":"event","batch_id":"b","event":' + HEARD + "}"
    world.stored_queue(f"{queue}-dead").send(Outgoing(body))

    reconcile_function(world, SETTINGS)(NOW_MS + 600_000)

    assert {name for name, stored in world.stored.items() if stored.messages} == {queue}


HEARD = (
    '{"identity":"i","detail_type":"t","topic":"t","envelope_id":"e","conversation_id":"c",'
    '"entity":"","session":"","sequence":null,"occurred_at_ms":null,"item":""}'
)


def test_work_goes_from_queue_to_queue() -> None:
    world = Simulated()
    walk = {"events": intake_function, "batches": dedup_function, "writes": write_function}
    world.stored_queue("events").send(Outgoing(envelope(1)))

    for queue, assemble in walk.items():
        arrived = world.stored_queue(queue).receive(10)
        assert len(arrived) == 1
        assert assemble(world, world.settings)(arrived, NOW_MS + 60_000) == []

    assert len(world.taken()) == 1


def test_dedup_remembers_what_it_has_learned_of_claims() -> None:
    world = World()
    dedup = dedup_function(world, SETTINGS)
    first, copy = (replace(batch_of("a", nonce=nonce), target=TARGET) for nonce in "ab")
    dedup(world.deliver(encode(first), to="batches"), NOW_MS + 60_000)
    writes = world.table.writes

    dedup(world.deliver(encode(copy), to="batches"), NOW_MS + 60_000)

    assert world.telemetry.counts["Duplicates"] == 1
    assert world.table.writes == writes


class Slow:
    """A ledger that takes too long to answer, and counts how often it is asked."""

    def __init__(self, world: World) -> None:
        self._world, self._ledger = world, world.ledger
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        self.asked += 1
        self._world.timeline.advance(LEDGER_SLOW_S)
        return self._ledger.insert(items)


def test_dedup_leaves_a_slow_ledger_alone() -> None:
    world = World()
    slow = Slow(world)
    world.ledger = slow  # type: ignore[assignment]
    dedup = dedup_function(world, SETTINGS)

    for number in range(LEDGER_SLOW_CALLS_MAX + 5):
        batch = replace(batch_of(f"a{number}", nonce=str(number)), target=TARGET)
        dedup(world.deliver(encode(batch), to="batches"), NOW_MS + 60_000)

    assert slow.asked <= LEDGER_SLOW_CALLS_MAX + 1
    assert world.telemetry.counts["LedgerSpared"] > 0


def test_a_writer_waits_by_its_clients_own_rate_limiter() -> None:
    """Two would lease slots from the same window, and use one of two."""
    world = Simulated()
    world.batch([envelope(1)])
    world.write_once()

    (rate_limiter,) = (item for (pk, _), item in world.table.items.items() if pk.endswith("#pace"))

    assert len(world.http.sent) == 2, "a login, a request"
    assert rate_limiter["leased"] == 2
