"""An order of several routes: each route's effect is repeated once, as each was made once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.ledger.claims import claim, claim_key
from lambdas.relay.ledger.known import KnownClaims
from lambdas.relay.ledger.redelivery import order
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.routes.configuration import Configuration
from tests.envelopes import Envelope, envelope, republished, text
from tests.unit.batches import NOW_MS, collision, sealed, sealed_event
from tests.unit.test_consolidation import Pressed
from tests.unit.test_dedup import deduplicated, written
from tests.unit.test_effects import ENDED, WHO, WHY, Relay, attributes, configured
from tests.unit.world import World

NAME = "redeliver-0123456789abcdef"
ROUTES = ("one", "other")
BOTH = ["agent", "disposition"]
RENAMED = configured({**WHY, "name": "cause", "formerly": ["why-it-ended"]}, WHO)


def ordered(world: World, *events: Envelope, routes: Sequence[str] = (), name: str = NAME) -> None:
    identities = [parse_event(text(event), NOW_MS).identity for event in events]
    world.ledger.insert([order(name, identities, routes, "ann", "why", NOW_MS)])


def replayed(event: Mapping[str, Any], name: str = NAME) -> Envelope:
    return {**event, "replay-name": name}


def batch(route: str, nonce: str, *, again: str = NAME, said: str = "a") -> Batch:
    event = replace(sealed_event(said), routes=(route,), redelivery=again)
    (made,) = sealed([event], nonce=f"{nonce} of {route}")
    return made


def owns(world: World, batch: Batch) -> bool:
    return bool(claim(batch, world.ledger, NOW_MS).owned)


@pytest.mark.parametrize("routes", list(permutations([WHY, WHO])))
@pytest.mark.parametrize("before", [(), (WHY,), (WHO,), (WHY, WHO)], ids=len)
def test_every_route_delivers_once_more(
    before: tuple[dict[str, Any], ...], routes: tuple[dict[str, Any], ...]
) -> None:
    """Whatever was delivered before: by no route, by one of them or by both."""
    relay, configuration = Relay(), configured(*routes)
    if before:
        relay.takes(configured(*before), ENDED)
    ordered(relay, ENDED)

    assert attributes(relay.takes(configuration, replayed(ENDED))) == BOTH
    for copy in (replayed(ENDED), ENDED, republished(ENDED)):
        assert relay.takes(configuration, copy) == []


def test_an_instance_that_remembers_claims_delivers_every_route_too() -> None:
    relay, configuration, known = Relay(), configured(WHY, WHO), KnownClaims()
    relay.takes(configuration, ENDED, known=known)
    ordered(relay, ENDED)

    assert attributes(relay.takes(configuration, replayed(ENDED), known=known)) == BOTH
    assert relay.takes(configuration, replayed(ENDED), known=known) == []


def test_another_order_repeats_every_route_again() -> None:
    relay, configuration = Relay(), configured(WHY, WHO)
    for name in (NAME, "redeliver-2"):
        ordered(relay, ENDED, name=name)
        assert attributes(relay.takes(configuration, replayed(ENDED, name))) == BOTH
    assert relay.takes(configuration, replayed(ENDED), replayed(ENDED, "redeliver-2")) == []


@pytest.mark.parametrize(
    ("route", "made"), [("why-it-ended", ["disposition"]), ("who-answered", ["agent"])]
)
def test_an_order_of_one_route_repeats_that_one_only(route: str, made: list[str]) -> None:
    relay, configuration = Relay(), configured(WHY, WHO)
    relay.takes(configuration, ENDED)
    ordered(relay, ENDED, routes=[route])

    assert attributes(relay.takes(configuration, replayed(ENDED))) == made
    assert relay.takes(configuration, replayed(ENDED)) == []


@pytest.mark.parametrize("routes", [(), ("why-it-ended", "who-answered")])
def test_a_renamed_route_delivers_once_more_under_either_name(routes: tuple[str, ...]) -> None:
    """Some messages of the replay may still have been sealed under the old name."""
    before = configured(WHY, WHO)
    for first, then in ((RENAMED, before), (before, RENAMED), (RENAMED, RENAMED)):
        relay = Relay()
        relay.takes(before, ENDED)
        ordered(relay, ENDED, routes=routes)

        assert attributes(relay.takes(first, replayed(ENDED))) == BOTH
        assert relay.takes(then, replayed(ENDED)) == []


def journeys(**more: Any) -> Configuration:
    ids = [{"externalSourceId": "'source'", "value": "conversation_id"}]
    one, other = (
        {
            "name": name,
            "destination": "journey",
            "item": {"identifiers": {"externalIds": ids}, "attributes": {name: "topic"}},
        }
        for name in ROUTES
    )
    journey = {"kind": "journey-external-events", "configuration_id": "c1", **more}
    return configured(one, other, journey=journey)


def test_two_events_by_two_routes_into_journeys_are_four_items_again() -> None:
    relay, configuration, events = Relay(), journeys(), (ENDED, envelope("acw"))
    relay.takes(configuration, *events)
    ordered(relay, *events)

    made = relay.takes(configuration, *map(replayed, events))

    assert attributes(made) == ["one", "one", "other", "other"]
    assert relay.takes(configuration, *map(replayed, events)) == []


def test_small_batches_of_a_replay_that_are_merged_deliver_every_route() -> None:
    pressed = Pressed()
    for said in ("a", "b"):
        for route in ROUTES:
            assert owns(pressed, batch(route, f"{said} first", again="", said=said))
    identities = [sealed_event(said).identity for said in ("a", "b")]
    pressed.ledger.insert([order(NAME, identities, [], "ann", "why", NOW_MS)])
    for said in ("a", "b"):
        for route in ROUTES:
            pressed.seal(batch(route, f"{said} replayed", said=said))

    for _ in range(5):
        pressed.invoke(pressed.receive())
        pressed.timeline.advance(60)

    assert sorted(said for each in pressed.written() for said in each) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("claimed", range(3))
def test_a_claim_that_was_cut_off_is_resumed_and_no_other_batch_takes_its_place(
    claimed: int,
) -> None:
    """Whatever number of its claims a batch has made: of it and a copy, one owns the event."""
    whole, cut = World(), World()
    for world in (whole, cut):
        assert owns(world, batch("one", "first", again=""))
        assert owns(world, batch("one", "replayed"))
    mine, copy = batch("other", "replayed"), batch("other", "once more")
    owns(whole, mine)
    for key, item in list(whole.table.items.items())[: 2 + claimed]:
        cut.table.items.setdefault(key, item)

    assert len({each.batch_id for each in (copy, mine, copy) if owns(cut, each)}) == 1


def test_both_events_of_a_collision_deliver_every_route_again() -> None:
    world, event = World(), sealed_event("a")
    events = (event, collision(event))
    for again in ("", NAME):
        for number, each in enumerate(events):
            for route in ROUTES:
                named = replace(each, routes=(route,), redelivery=again)
                owned = [
                    owns(world, sealed([named], nonce=f"{number}{route}{again}{n}")[0])
                    for n in range(2)
                ]
                assert owned == [True, False]


class Released(World):
    """A world that the release before leaves: an order had one place for all routes."""

    def claims_as_before(self, batch: Batch) -> bool:
        """Claims the one event of a batch as that release does."""
        (event,) = batch.events
        place = claim_key(event, batch.target.destination)
        held = self.table.items.get(place)
        if held is not None and held.get("redelivery") != NAME:
            place = claim_key(event, batch.target.destination, route=f"!{NAME}")
            held = self.table.items.get(place)
        if held is not None:
            return bool(held["batch_id"] == batch.batch_id)
        told = {"payload_hash": event.payload_hash, "routes": list(event.routes)}
        batch_id = batch.batch_id
        item = {"pk": place[0], "sk": place[1], "batch_id": batch_id, "redelivery": NAME, **told}
        self.table.insert(item)
        return True


whatever_was_delivered_before = pytest.mark.parametrize(
    "before", [(), ("one",), ("other",), ("one", "other")], ids=repr
)
in_any_order = pytest.mark.parametrize("routes", list(permutations(ROUTES)))


def _delivered(world: World, before: Sequence[str]) -> None:
    for route in before:
        assert owns(world, batch(route, "first", again=""))


@whatever_was_delivered_before
@in_any_order
def test_what_the_release_before_delivered_again_is_a_copy(
    before: tuple[str, ...], routes: tuple[str, str]
) -> None:
    """It claimed one route for all: that one is known, and the other is still due."""
    world = Released()
    _delivered(world, before)
    known, due = routes
    assert world.claims_as_before(batch(known, "replayed"))

    assert not owns(world, batch(known, "once more"))
    assert owns(world, batch(due, "once more"))
    assert not owns(world, batch(due, "yet again"))


@whatever_was_delivered_before
@in_any_order
def test_the_release_before_takes_for_copies_what_was_delivered_again(
    before: tuple[str, ...], routes: tuple[str, str]
) -> None:
    """Side by side in a deploy, and after a rollback."""
    world = Released()
    _delivered(world, before)
    for route in routes:
        assert owns(world, batch(route, "replayed"))
        assert not world.claims_as_before(batch(route, "once more"))


def test_an_order_of_events_that_were_sealed_before_claims_had_routes() -> None:
    world = World()
    (old,) = sealed([sealed_event("a")], nonce="old")
    deduplicated(world, old)
    world.ledger.insert([order(NAME, [sealed_event("a").identity], [], "ann", "why", NOW_MS)])
    for nonce in ("replayed", "once more"):
        deduplicated(world, *sealed([replace(sealed_event("a"), redelivery=NAME)], nonce=nonce))

    assert written(world) == [["a"], ["a"]]
