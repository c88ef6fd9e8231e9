"""Claims: whoever comes first owns an event for ever, and knows it again."""

from dataclasses import replace

import pytest

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import CLAIM_TTL_S
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.ports import Item, Written
from lambdas.relay.ledger.claims import claim, claim_key, earlier_keys
from lambdas.relay.messages.sealing import Batch
from simulation.memory.ledger import MemoryLedger
from tests.unit.batches import NOW_MS, TARGET, batch_of, collision, sealed, sealed_event
from tests.unit.world import World


def identities(batch: Batch) -> frozenset[str]:
    return frozenset(event.identity for event in batch.events)


def test_the_first_batch_owns_its_events() -> None:
    world, batch = World(), batch_of("a", "b")

    claimed = claim(batch, world.ledger, NOW_MS)

    assert claimed.owned == identities(batch)
    assert not claimed.duplicates
    assert not claimed.collisions


def test_the_second_batch_owns_only_what_is_new() -> None:
    world, later = World(), batch_of("b", "c", nonce="later")
    claim(batch_of("a", "b"), world.ledger, NOW_MS)

    claimed = claim(later, world.ledger, NOW_MS)

    assert claimed.owned == {later.events[1].identity}
    assert claimed.duplicates == (later.events[0],)


def test_a_batch_that_claims_again_owns_what_it_owned() -> None:
    """A redelivery, or a run that was cut off halfway."""
    world, batch = World(), batch_of("a", "b")
    claim(batch_of("b", nonce="another"), world.ledger, NOW_MS)
    first = claim(batch, world.ledger, NOW_MS)

    assert claim(batch, world.ledger, NOW_MS + 60_000) == first


NUMBER = "tel:+4930901820"


@pytest.mark.parametrize("before", [NUMBER, impersonal(NUMBER)], ids=["as it is", "unkeyed"])
@pytest.mark.parametrize("partition", ["", "keyed"])
def test_a_claim_under_a_key_of_an_earlier_release_is_met(before: str, partition: str) -> None:
    world, event = World(), sealed_event("a", conversation=NUMBER)
    (batch,) = sealed([event])
    (later,) = sealed([replace(event, partition=partition)], nonce="later")
    claim(batch, world.ledger, NOW_MS)
    (item,) = list(world.table.items.values())
    world.table.remove((item["pk"], item["sk"]))
    world.table.insert({**item, "pk": f"C#{before}"})

    claimed = claim(later, world.ledger, NOW_MS)

    assert (claimed.owned, claimed.duplicates) == (frozenset(), later.events)


def test_what_this_batch_claimed_under_an_earlier_key_is_still_its_own() -> None:
    """A run of the previous release was cut off after the claim."""
    world, event = World(), sealed_event("a", conversation=NUMBER)
    (batch,) = sealed([event])
    claim(batch, world.ledger, NOW_MS)

    keyed = replace(batch, events=(replace(event, partition="keyed"),))

    assert claim(keyed, world.ledger, NOW_MS).owned == identities(batch)
    assert {pk for pk, _ in world.table.items} == {f"C#{impersonal(NUMBER)}", "C#keyed"}


@pytest.mark.parametrize("conversation", ["", "c", "0b0e8b3c-0000-4000-8000-000000000001"])
def test_no_earlier_key_is_asked_for_where_no_name_is_personal(conversation: str) -> None:
    assert earlier_keys(sealed_event("a", conversation=conversation), TARGET) == []


def test_a_claim_that_meets_itself_is_owned() -> None:
    """The SDK repeats a put whose answer was lost, and is refused by its own item."""
    world, batch = World(), batch_of("a", "b")
    world.faults.plan("ledger met itself")

    assert claim(batch, world.ledger, NOW_MS).owned == identities(batch)


def test_half_made_claims_are_completed_by_repeating() -> None:
    world, batch = World(), batch_of("a", "b", "c")
    world.faults.plan("ledger partly applied")
    with pytest.raises(Transient):
        claim(batch, world.ledger, NOW_MS)

    assert claim(batch, world.ledger, NOW_MS).owned == identities(batch)


def test_another_event_under_the_same_identity_is_kept() -> None:
    world, event = World(), sealed_event("a")
    (first,) = sealed([event])
    (second,) = sealed([collision(event)])
    claim(first, world.ledger, NOW_MS)

    claimed = claim(second, world.ledger, NOW_MS)

    assert claimed.owned == {event.identity}
    assert claimed.collisions == (collision(event),)
    assert not claimed.duplicates


def test_a_copy_of_a_collision_is_a_duplicate() -> None:
    world, event = World(), sealed_event("a")
    for nonce, each in (("1", event), ("2", collision(event))):
        claim(sealed([each], nonce=nonce)[0], world.ledger, NOW_MS)

    again = claim(sealed([collision(event)], nonce="3")[0], world.ledger, NOW_MS)

    assert not again.owned
    assert again.duplicates == (collision(event),)


def test_each_destination_has_claims_of_its_own() -> None:
    event = sealed_event("a")

    assert claim_key(event, "journey") != claim_key(event, "contacts")


def test_claims_of_a_conversation_share_a_partition() -> None:
    one, other = sealed_event("a", conversation="c"), sealed_event("b", conversation="c")

    assert claim_key(one, "journey")[0] == claim_key(other, "journey")[0] == "C#c"
    assert claim_key(one, "journey")[1] != claim_key(other, "journey")[1]


def test_a_claim_names_its_batch_and_expires_with_the_horizon() -> None:
    world, batch = World(), batch_of("a")
    claim(batch, world.ledger, NOW_MS)

    item = world.table.items[claim_key(batch.events[0], "journey")]

    assert item["batch_id"] == batch.batch_id
    assert item["envelope_id"] == batch.events[0].envelope_id
    assert item["expires_at"] == NOW_MS // 1000 + CLAIM_TTL_S


def test_a_claim_never_changes() -> None:
    world, batch = World(), batch_of("a")
    claim(batch, world.ledger, NOW_MS)
    before = dict(world.table.items)

    claim(batch, world.ledger, NOW_MS + 1)
    claim(batch_of("a", nonce="another"), world.ledger, NOW_MS + 2)

    assert world.table.items == before


def test_a_refusal_that_does_not_say_whose_claim_it_met_is_no_verdict() -> None:
    class Silent(MemoryLedger):
        def insert(self, items: object) -> list[Written]:
            return [Written(applied=False, before=None)]

    world = World()
    silent = Silent(world.table, world.gate, world.faults, world.timeline)

    with pytest.raises(Transient, match="without returning the item"):
        claim(batch_of("a"), silent, NOW_MS)


def test_an_empty_batch_claims_nothing() -> None:
    world = World()

    assert not claim(batch_of("a").only(frozenset()), world.ledger, NOW_MS).owned
    items: list[Item] = list(world.table.items.values())
    assert items == []
