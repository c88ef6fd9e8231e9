"""What an instance remembers of claims saves calls, and never contradicts the ledger."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.relay.functions.dedup import Deps, dedup
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import KNOWN_CLAIMS_S
from lambdas.relay.kernel.ports import Delivery, Item, Ledger, Written
from lambdas.relay.ledger import known as known_module
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import Batch, decode, encode
from lambdas.relay.requests.record import record_key
from simulation.memory.ledger import MemoryLedger
from tests.unit.batches import NOW_MS, batch_of, collision, said_in, sealed, sealed_event
from tests.unit.world import World


class CountingLedger(MemoryLedger):
    """Counts the items that the store is asked about."""

    asked = 0

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        self.asked += len(items)
        return super().insert(items)

    def change(self, *arguments: object) -> Written:
        self.asked += 1
        return super().change(*arguments)  # type: ignore[arg-type]


class Instance:
    """One instance of dedup in a world that it may share with others."""

    def __init__(self, world: World, *, remembers: bool = True) -> None:
        self.world = world
        self.store = CountingLedger(world.table, world.gate, world.faults, world.timeline)
        self.known = KnownClaims()
        remembering = RememberingLedger(self.store, self.known, world.clock)
        self.ledger: Ledger = remembering if remembers else self.store

    def works(self, *batches: Batch) -> int:
        """Returns how many of the messages stay; the others are deleted, as Lambda does."""
        arrived = self.world.deliver(*(encode(batch) for batch in batches))
        kept = self.handles(arrived)
        if not kept:
            for delivery in arrived:
                self.world.stored_queue("source").delete(delivery)
        return kept

    def handles(self, arrived: list[Delivery]) -> int:
        deps = Deps(
            consumer=self.world.consumer(),
            ledger=self.ledger,
            writes=self.world.queue("writes"),
            checks=self.world.queue("checks"),
            destinations=("journey", "elsewhere"),
            confirmations={},
            answer_wait_s=70,
            known=self.known,
        )
        return len(settle_each(arrived, lambda d: dedup(d, deps), deps.consumer))


def written(world: World) -> list[str]:
    return sorted(said for body in world.bodies("writes") for said in said_in(decode(body)))


# The storm


def storm(remembers: bool) -> Instance:
    """6,000 copies of five events, as intake seals them: a few at a time, never twice in one."""
    random = Random(1)
    instance = Instance(World(), remembers=remembers)
    events = ["a", "b", "c", "d", "e"]
    batches = [
        batch_of(*random.sample(events, random.randint(1, 5)), nonce=str(number))
        for number in range(2_000)
    ]
    for start in range(0, len(batches), 10):
        assert instance.works(*batches[start : start + 10]) == 0
    return instance


def test_a_storm_of_copies_costs_next_to_no_store_calls_and_loses_nothing() -> None:
    forgetful, remembering = storm(remembers=False), storm(remembers=True)

    assert written(remembering.world) == written(forgetful.world) == ["a", "b", "c", "d", "e"]
    copies = forgetful.world.telemetry.counts["Duplicates"]
    assert remembering.world.telemetry.counts["Duplicates"] == copies > 5_000
    assert forgetful.store.asked > 9_000
    assert remembering.store.asked < 20
    assert remembering.world.telemetry.counts["DuplicatesRemembered"] > 0.99 * copies


def test_a_batch_of_copies_that_are_known_leaves_no_record() -> None:
    instance, copy = Instance(World()), batch_of("a", nonce="later")
    instance.works(batch_of("a"))
    before = instance.store.asked

    instance.works(copy)

    assert instance.store.asked == before
    assert record_key(copy.batch_id) not in instance.world.table.items


def test_what_is_partly_known_is_partly_asked() -> None:
    instance = Instance(World())
    instance.works(batch_of("a", "b"))
    before = instance.store.asked

    instance.works(batch_of("a", "b", "c", nonce="later"))

    assert instance.store.asked - before == 2  # the record, and the one claim
    assert written(instance.world) == ["a", "b", "c"]


def test_the_log_names_the_processes_of_what_was_claimed() -> None:
    world = World()
    (batch,) = sealed([replace(sealed_event("a"), correlation_id="p-1"), sealed_event("b")])

    Instance(world).works(batch)

    assert dict(world.telemetry.notes)["claimed"]["correlations"] == ["p-1"]


# Never contradicting the ledger


def test_a_batch_that_comes_again_still_owns_what_it_owned() -> None:
    """Its first run died before it forwarded anything: only the claims are there."""
    world = World()
    instance, batch = Instance(world), batch_of("a", "b")
    claim(batch, instance.ledger, NOW_MS)
    assert len(instance.known) == 2

    instance.works(batch)

    assert written(world) == ["a", "b"]


def test_another_event_under_a_known_identity_is_kept() -> None:
    instance, event = Instance(World()), sealed_event("a")
    (first,) = sealed([event])
    (other,) = sealed([collision(event)], nonce="other")
    (again,) = sealed([collision(event)], nonce="again")

    instance.works(first)
    instance.works(other)
    instance.works(again)

    assert written(instance.world) == ["a", "something else"]
    assert instance.world.telemetry.counts["IdentityCollisions"] == 2


def test_the_same_event_for_another_destination_is_not_known() -> None:
    instance, batch = Instance(World()), batch_of("a")
    target = replace(batch.target, destination="elsewhere")
    instance.works(batch)

    instance.works(*sealed(list(batch.events), target=target))

    assert written(instance.world) == ["a", "a"]


def test_a_message_that_was_received_before_brings_its_record_to_an_end() -> None:
    """Its first run may have recorded the batch, and an open record calls for attention."""
    world = World()
    forgetful, remembering = Instance(world, remembers=False), Instance(world)
    remembering.works(batch_of("a"))
    copy = batch_of("a", nonce="later")
    world.faults.plan("ledger answer lost")
    assert forgetful.works(copy) == 1
    world.timeline.advance(100)

    (redelivered,) = world.stored_queue("source").receive(1)
    assert redelivered.receives == 2
    remembering.handles([redelivered])

    assert world.table.items[record_key(copy.batch_id)]["state"] == "EMPTY"


def test_the_owner_is_remembered_not_who_asked() -> None:
    instance, copy = Instance(World()), batch_of("a", nonce="later")
    owner = batch_of("a")
    claim(owner, Instance(instance.world).ledger, NOW_MS)

    answers = [claim(copy, instance.ledger, NOW_MS) for _ in range(2)]

    assert [len(answer.duplicates) for answer in answers] == [1, 1]
    assert claim(owner, instance.ledger, NOW_MS).owned == {owner.events[0].identity}
    assert instance.store.asked == 1


def test_nothing_is_learned_from_a_call_that_failed() -> None:
    instance = Instance(World())
    instance.world.faults.plan("ledger partly applied")

    with pytest.raises(Transient):
        claim(batch_of("a", "b"), instance.ledger, NOW_MS)

    assert len(instance.known) == 0


_PLANS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(_PLANS)
def test_several_instances_that_remember_write_what_one_that_forgets_writes(
    plan: list[tuple[int, list[str]]],
) -> None:
    shared, plain = World(), World()
    remembering = [Instance(shared) for _ in range(3)]
    forgetful = Instance(plain, remembers=False)

    for number, (which, said) in enumerate(plan):
        remembering[which].works(batch_of(*said, nonce=str(number)))
        forgetful.works(batch_of(*said, nonce=str(number)))

    assert written(shared) == written(plain)


# Limits


def test_what_was_learned_is_forgotten_in_time() -> None:
    known = KnownClaims()
    item = {"pk": "C#a", "sk": "E#a#journey", "batch_id": "b", "payload_hash": "p"}
    known.learn(item, NOW_MS)

    assert known.find(("C#a", "E#a#journey"), NOW_MS + KNOWN_CLAIMS_S * 1000 - 1) is not None
    assert known.find(("C#a", "E#a#journey"), NOW_MS - 1) is None  # a clock that was set back
    known.learn(item, NOW_MS)
    assert known.find(("C#a", "E#a#journey"), NOW_MS + KNOWN_CLAIMS_S * 1000) is None
    assert len(known) == 0


def test_the_longest_unused_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "KNOWN_CLAIMS_MAX", 2)
    known = KnownClaims()
    for name in ("a", "b"):
        known.learn({"pk": name, "sk": "", "batch_id": "x", "payload_hash": "p"}, NOW_MS)
    known.find(("a", ""), NOW_MS)

    known.learn({"pk": "c", "sk": "", "batch_id": "x", "payload_hash": "p"}, NOW_MS)

    assert known.find(("a", ""), NOW_MS)
    assert not known.find(("b", ""), NOW_MS)
    assert len(known) == 2


def test_records_of_requests_are_never_remembered() -> None:
    instance = Instance(World())

    instance.works(batch_of("a"))

    assert len(instance.known) == 1
