"""Consolidation: under backpressure small batches become large ones, and no event is lost."""

from dataclasses import replace

import pytest

from lambdas.relay.functions.consolidation import Deps, dedup_together
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.genesys.backpressure import Backpressure
from lambdas.relay.genesys.circuit_breaker import Circuit, opened
from lambdas.relay.kernel.errors import Impossible
from lambdas.relay.kernel.limits import CONSOLIDATE_EVERY_S, DAY_S
from lambdas.relay.kernel.ports import Delivery, Item, Outgoing, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.shared import STATE, key_of
from lambdas.relay.messages.sealing import Batch, decode, describe, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from tests.unit.batches import NOW_MS, batch_of, said_in
from tests.unit.simulated import JOURNEY, configuration
from tests.unit.world import World


class Pressed(World):
    """dedup behind its queue, while Genesys is out of service."""

    def __init__(self, *, pressed: bool = True) -> None:
        super().__init__()
        if pressed:
            pk, sk = key_of("breaker#journey")
            values = opened(Circuit(), NOW_MS).values
            self.table.insert(
                {"pk": pk, "sk": sk, "state": STATE, "attempt": 1, "holder": "x", **values}
            )
        deps = DedupDeps(
            consumer=self.consumer("batches"),
            ledger=self.ledger,
            writes=self.queue("writes"),
            checks=self.queue("checks"),
            destinations=("journey",),
            confirmations={},
            answer_wait_s=0,
        )
        journey = replace(configuration(JOURNEY).destinations["there"], name="journey")
        self.deps = Deps(deps, Backpressure(self.ledger), {"journey": journey})

    def seal(self, batch: Batch) -> None:
        self.stored_queue("batches").send(Outgoing(encode(batch), describe(batch)))

    def receive(self) -> list[Delivery]:
        return self.stored_queue("batches").receive(10)

    def dedup(self, deliveries: list[Delivery]) -> list[str]:
        return dedup_together(deliveries, self.deps, self.clock.now_ms() + 60_000)

    def invoke(self, deliveries: list[Delivery]) -> list[str]:
        kept = self.dedup(deliveries)
        for delivery in deliveries:
            if delivery.message_id not in kept:
                self.stored_queue("batches").delete(delivery)
        return kept

    def run(self, seconds: float = 300) -> None:
        until_ms = self.timeline.now_ms + seconds * 1000
        while self.stored_queue("batches").messages and self.timeline.now_ms < until_ms:
            deliveries = self.receive()
            if deliveries:
                self.invoke(deliveries)
            else:
                self.timeline.advance(1)

    def state(self, batch: Batch) -> str:
        return Record.of(self.table.items[record_key(batch.batch_id)]).state

    def written(self) -> list[list[str]]:
        return [sorted(said_in(decode(body))) for body in self.bodies("writes")]


def small(number: int) -> Batch:
    return batch_of(f"{number}a", f"{number}b", nonce=str(number))


def test_small_batches_are_held_for_a_moment_and_go_as_one() -> None:
    world = Pressed()
    for number in range(10):
        world.seal(small(number))
    deliveries = world.receive()
    assert len(world.invoke(deliveries)) == 10
    assert all(world.hidden_s(d, "batches") <= CONSOLIDATE_EVERY_S for d in deliveries)
    world.run()
    (together,) = world.written()
    assert together == sorted(f"{n}{x}" for n in range(10) for x in "ab")
    assert {world.state(small(n)) for n in range(10)} == {"MERGED"}


def test_without_backpressure_nothing_waits() -> None:
    world = Pressed(pressed=False)
    for number in range(10):
        world.seal(small(number))
    assert world.invoke(world.receive()) == []
    assert len(world.written()) == 10


def test_one_bad_read_stops_no_other_batch() -> None:
    """Whether there is backpressure stays unknown for one batch: it goes alone."""
    world = Pressed()
    for number in range(3):
        world.seal(small(number))
    world.faults.plan("ledger unreadable")

    assert len(world.invoke(world.receive())) == 2
    assert len(world.written()) == 1


def test_what_the_ledger_will_never_take_together_goes_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of them may be at fault; dedup finds out which, and its neighbours go on."""
    world = Pressed()
    for number in range(3):
        world.seal(small(number))
    world.invoke(world.receive())
    world.timeline.advance(CONSOLIDATE_EVERY_S)
    insert = world.table.insert

    def refused(item: Item) -> Written:
        if item.get("state") == "MERGED":
            raise Impossible(Code.CALL_REFUSED("BatchExecuteStatement", "ValidationError"))
        return insert(item)

    monkeypatch.setattr(world.table, "insert", refused)

    assert world.invoke(world.receive()) == []
    assert len(world.written()) == 3


def test_what_somebody_waits_for_is_not_held() -> None:
    world = Pressed()
    for number in range(3):
        batch = small(number)
        world.seal(replace(batch, target=replace(batch.target, lane="first")))

    assert world.invoke(world.receive()) == []
    assert len(world.written()) == 3


def test_enough_for_a_full_request_goes_at_once() -> None:
    world = Pressed()
    for number in range(10):
        names = [f"{number}-{n}" for n in range(9)]
        world.seal(batch_of(*names, nonce=str(number)))
    assert world.invoke(world.receive()) == []
    sizes = [len(decode(body).events) for body in world.bodies("batches")]
    assert sorted(sizes) == [40, 50]


def test_exactly_a_full_request_goes_at_once() -> None:
    world = Pressed()
    for number in range(10):
        world.seal(batch_of(*(f"{number}-{n}" for n in range(5)), nonce=str(number)))

    assert world.invoke(world.receive()) == []
    assert [len(decode(body).events) for body in world.bodies("batches")] == [50]


def test_a_full_batch_goes_its_own_way() -> None:
    world = Pressed()
    world.seal(batch_of(*(str(n) for n in range(50))))
    assert world.invoke(world.receive()) == []
    assert len(world.written()) == 1


def test_a_batch_that_has_a_record_is_never_merged() -> None:
    """It may own claims already: merged, its events would be copies of its own."""
    world = Pressed()
    world.table.insert(sealed_item(small(1), NOW_MS))
    for number in range(3):
        world.seal(small(number))
    world.run()
    assert world.state(small(1)) == "SEALED"
    assert sorted(map(len, world.written())) == [2, 4]


def test_what_has_waited_too_long_stays_in_its_batch() -> None:
    world = Pressed()
    for number in range(3):
        world.seal(small(number))
    world.timeline.advance(DAY_S + 1)
    world.stored_queue("batches")._retention_ms *= 2
    pk, sk = key_of("breaker#journey")
    assert Circuit.of(world.table.items[pk, sk]).is_open
    world.invoke(world.receive())
    assert sorted(map(len, world.written())) == [2, 2, 2]


@pytest.mark.parametrize(
    "fault",
    [
        "send refused",
        "send answer lost",
        "send repeated",
        "ledger throttled",
        "ledger answer lost",
        "ledger partly applied",
        "ledger met itself",
        "ledger late write",
        "hide refused",
    ],
)
def test_whatever_fails_in_between_every_event_is_claimed_once(fault: str) -> None:
    for number_of_faults in (1, 2, 3):
        world = Pressed()
        for number in range(5):
            world.seal(small(number))
        world.invoke(world.receive())
        world.timeline.advance(CONSOLIDATE_EVERY_S)
        world.faults.plan(fault, number_of_faults)  # type: ignore[arg-type]
        world.run(seconds=4000)
        written = sorted(said for batch in world.written() for said in set(batch))
        claims = [pk for pk, _ in world.table.items if pk.startswith("C#")]
        assert sorted(set(written)) == sorted(f"{n}{x}" for n in range(5) for x in "ab")
        assert len(claims) == 10
        owners = {item["batch_id"] for (pk, _), item in world.table.items.items() if pk[0] == "C"}
        assert owners <= {decode(body).batch_id for body in world.bodies("writes")}
        assert any(len(batch) > 2 for batch in world.written()), "nothing was merged"


def test_a_run_that_dies_after_marking_leaves_nothing_behind() -> None:
    world = Pressed()
    for number in range(3):
        world.seal(small(number))
    world.invoke(world.receive())
    world.timeline.advance(CONSOLIDATE_EVERY_S)
    deliveries = world.receive()

    def die(messages: object) -> None:
        raise SystemExit

    world.deps.dedup.consumer.source.send = die  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        world.dedup(deliveries)
    del world.deps.dedup.consumer.source.send
    assert {world.state(small(n)) for n in range(3)} == {"MERGED"}

    world.timeline.advance(600)
    world.table.remove(key_of("breaker#journey"))  # and the backpressure is over
    world.run()
    assert sorted(said for batch in world.written() for said in batch) == sorted(
        f"{n}{x}" for n in range(3) for x in "ab"
    )
