"""Redelivery: exactly what a person ordered takes effect once more, once; all else is a copy."""

from dataclasses import replace

import pytest

from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import ANY_PARTNER, parse_event
from lambdas.relay.kernel.limits import DYNAMODB_ITEM_BYTES_MAX
from lambdas.relay.kernel.ports import Item
from lambdas.relay.ledger.redelivery import EVENTS_MAX, order
from lambdas.relay.messages.sealing import Batch, decode, encode, seal
from simulation.memory.sizes import item_bytes
from tests.envelopes import NAMES, envelope, text
from tests.unit.batches import NOW_MS, TARGET, collision, said_in, sealed, sealed_event
from tests.unit.test_dedup import deduplicated, written
from tests.unit.test_intake import batches, taken
from tests.unit.world import World

NAME = "redeliver-0123456789abcdef"


def batch(*said: str, again: str = "", nonce: str = "first", route: str = "steps") -> Batch:
    events = [replace(sealed_event(each), routes=(route,), redelivery=again) for each in said]
    (made,) = sealed(events, nonce=nonce)
    return made


def ordered(world: World, *said: str, routes: tuple[str, ...] = ()) -> Item:
    identities = [sealed_event(each).identity for each in said]
    made = order(NAME, identities, routes, "ann", "the contact was deleted", NOW_MS)
    world.ledger.insert([made])
    return made


@pytest.fixture
def world() -> World:
    """Two events were delivered, and one of them is to go out again."""
    world = World()
    deduplicated(world, batch("a", "b"))
    ordered(world, "a")
    return world


def test_what_was_ordered_goes_out_again_and_its_neighbours_do_not(world: World) -> None:
    deduplicated(world, batch("a", "b", again=NAME, nonce="replayed"))

    assert written(world) == [["a", "b"], ["a"]]


def test_it_goes_out_once_however_often_the_replay_brings_it(world: World) -> None:
    deduplicated(world, batch("a", "b", again=NAME, nonce="replayed"))
    deduplicated(world, batch("a", again=NAME, nonce="once more"))
    deduplicated(world, batch("a", nonce="an ordinary copy"))

    assert written(world) == [["a", "b"], ["a"]]


def test_a_replay_that_nobody_ordered_brings_copies() -> None:
    world = World()
    deduplicated(world, batch("a"))

    deduplicated(world, batch("a", again=NAME, nonce="replayed"))

    assert written(world) == [["a"]]


@pytest.mark.parametrize(
    "edited",
    [{"events": None}, {"events": "a"}, {"events": [["a"]]}, {"routes": None}, {"routes": "all"}],
    ids=repr,
)
def test_an_order_that_nobody_can_read_any_more_names_nothing(edited: dict[str, object]) -> None:
    world = World()
    deduplicated(world, batch("a"))
    made = ordered(world, "a")
    world.table.items[made["pk"], made["sk"]] = {**made, **edited}

    deduplicated(world, batch("a", again=NAME, nonce="replayed"))

    assert written(world) == [["a"]]


def test_another_order_is_another_effect(world: World) -> None:
    deduplicated(world, batch("a", again=NAME, nonce="replayed"))
    identities = [sealed_event("a").identity]
    world.ledger.insert([order("redeliver-2", identities, (), "ann", "again", NOW_MS)])

    deduplicated(world, batch("a", again="redeliver-2", nonce="replayed twice"))

    assert written(world) == [["a", "b"], ["a"], ["a"]]


def test_only_the_routes_that_are_meant_deliver_again() -> None:
    world = World()
    deduplicated(world, batch("a"), batch("a", nonce="second", route="notes"))
    ordered(world, "a", routes=("notes",))

    deduplicated(world, batch("a", again=NAME, nonce="r1"))
    deduplicated(world, batch("a", again=NAME, nonce="r2", route="notes"))

    assert written(world) == [["a"], ["a"], ["a"]]


def test_what_never_arrived_is_delivered_by_it_and_then_known(world: World) -> None:
    """Ordered or not: the replay may bring it first."""
    ordered(world, "c")

    deduplicated(world, batch("c", again=NAME, nonce="replayed"))
    deduplicated(world, batch("c", nonce="late original"))

    assert written(world)[1:] == [["c"]]


def test_a_run_that_is_repeated_owns_what_it_owned(world: World) -> None:
    replayed = batch("a", "b", again=NAME, nonce="replayed")

    deduplicated(world, replayed)
    deduplicated(world, replayed)

    assert {tuple(said) for said in written(world)[1:]} == {("a",)}


def test_the_other_event_of_a_collision_can_be_ordered_too() -> None:
    world, other = World(), collision(sealed_event("a"))
    deduplicated(world, batch("a"), *sealed([other], nonce="collision"))
    name = f"{other.identity}~{other.payload_hash}"
    world.ledger.insert([order(NAME, [name], (), "ann", "why", NOW_MS)])

    deduplicated(world, *sealed([replace(other, redelivery=NAME)], nonce="replayed"))
    deduplicated(world, *sealed([replace(sealed_event("a"), redelivery=NAME)], nonce="r2"))

    assert written(world) == [["a"], ["something else"], ["something else"]]


def test_a_copy_and_what_is_ordered_share_no_batch() -> None:
    events = [sealed_event("a"), replace(sealed_event("a"), redelivery=NAME)]

    made = seal(TARGET, events, now_ms=NOW_MS, nonce="n", most_events=50, most_bytes=500_000)

    assert [said_in(each) for each in made] == [["a"], ["a"]]


def test_a_sealed_message_keeps_it_and_one_without_it_is_as_before() -> None:
    assert decode(encode(batch("a", again=NAME))).events[0].redelivery == NAME
    assert "redelivery" not in encode(batch("a"))


@pytest.mark.parametrize(
    ("name", "by_webhook", "mark"),
    [
        (NAME, False, NAME),
        (NAME, True, ""),
        ("relay-1767952800", False, ""),
        (7, False, ""),
        (None, False, ""),
    ],
)
def test_only_eventbridges_own_mark_counts(name: object, by_webhook: bool, mark: str) -> None:
    arrived = envelope(NAMES[0]) | ({} if name is None else {"replay-name": name})
    arrival = Arrival(by_webhook, NOW_MS)

    assert parse_event(text(arrived), NOW_MS, ANY_PARTNER, arrival).redelivery == mark


def test_intake_seals_the_mark_of_the_replay() -> None:
    world = World()

    taken(world, text(envelope(NAMES[0]) | {"replay-name": NAME}))

    assert [event.redelivery for each in batches(world) for event in each.events] == [NAME]


def test_one_order_can_name_only_so_many_events() -> None:
    with pytest.raises(ValueError, match="5001 events, but one redelivery can name at most 5000"):
        order(NAME, [str(n) for n in range(EVENTS_MAX + 1)], (), "ann", "why", NOW_MS)


def test_an_order_fits_into_an_item_of_the_ledger() -> None:
    longest = [f"{n:026d}~{n:013d}" for n in range(EVENTS_MAX)]

    item = order(NAME, longest, ("r" * 256,), "ann", "w" * 1000, NOW_MS)

    assert item_bytes(item) < DYNAMODB_ITEM_BYTES_MAX
