"""Events made from Genesys' record beside genuine ones: in whatever order they come, each thing
that happened takes effect once, and nothing that happened is taken for something else."""

import json
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from lambdas.relay.assembly.consumers import consumer_of
from lambdas.relay.entrances.events import Reader, parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.messages.consumer import Later, settle_each
from lambdas.relay.messages.sealing import SealedEvent, decode, encode
from lambdas.relay.routes.configuration import Configuration
from simulation.memory.settings import MemorySettings
from stacks.schema.identity import read_rules
from tests.unit.batches import NOW_MS, sealed, sealed_event
from tests.unit.simulated import envelope
from tests.unit.test_reconcile import Office
from tests.unit.world import World

READER = Reader(None, read_rules({"v2.detail.*": "moment"}))
GENUINE = sealed_event("a")
#: another event under the same identity: two codes of one session in one millisecond
OTHER = replace(GENUINE, payload_hash="other")
MADE = replace(GENUINE, payload_hash="made", backfill="backfill-1")
AGAIN = replace(GENUINE, payload_hash="made anew", backfill="backfill-2")


def owned(world: World, *events: SealedEvent, times: int = 1) -> list[SealedEvent]:
    """Each in its own batch, in this order, claimed so many times; returns those that take
    effect."""
    found = []
    for number, event in enumerate(events):
        (batch,) = sealed([event], nonce=f"{number}")
        results = [claim(batch, world.ledger, NOW_MS) for _ in range(times)]
        assert all(result == results[0] for result in results)
        found += [event] * len(results[0].owned)
    return found


@pytest.mark.parametrize("times", [1, 2])
def test_made_or_genuine_whichever_comes_second_is_a_copy(times: int) -> None:
    for order in permutations([MADE, AGAIN, GENUINE, GENUINE]):
        took = owned(World(), *order, times=times)
        assert took == [order[0]], order


@pytest.mark.parametrize("times", [1, 2])
def test_a_made_event_stands_for_one_genuine_event_and_not_for_another(times: int) -> None:
    """Two genuine ones take effect twice, with a made one or without."""
    for order in permutations([MADE, GENUINE, OTHER, OTHER]):
        took = owned(World(), *order, times=times)
        assert len(took) == 2, order
        assert [e for e in took if e == MADE] == [MADE] * (order[0] == MADE), order


def test_a_made_event_stands_for_the_same_event_under_every_name_of_its_destination() -> None:
    """Found by the simulation: under the former name it met the other one, and was a third."""
    world = World()

    def owns(event: SealedEvent, nonce: str, *, renamed: bool = False) -> bool:
        (batch,) = sealed([event], nonce=nonce)
        if renamed:
            name = batch.target.destination
            target = replace(batch.target, destination=f"a-{name}", formerly=(name,))
            batch = replace(batch, target=target)
        return bool(claim(batch, world.ledger, NOW_MS).owned)

    assert owns(OTHER, "1")
    assert owns(GENUINE, "2")
    assert not owns(GENUINE, "3", renamed=True)
    assert not owns(MADE, "4", renamed=True)
    assert not owns(MADE, "5")


def test_each_route_has_its_own() -> None:
    def of(event: SealedEvent, route: str) -> SealedEvent:
        return replace(event, routes=(route, f"former {route}"))

    events = [of(e, route) for e in (MADE, GENUINE) for route in ("one", "two")]
    for order in permutations(events):
        took = owned(World(), *order, times=2)
        assert sorted(e.routes for e in took) == sorted({e.routes for e in events}), order


def test_what_an_instance_remembers_of_claims_changes_nothing() -> None:
    for order in permutations([MADE, GENUINE, OTHER, GENUINE]):
        world = World()
        world.ledger = RememberingLedger(world.ledger, KnownClaims(), world.clock)  # type: ignore[assignment]
        assert len(owned(world, *order, times=2)) == 2, order


def test_a_redelivery_of_a_genuine_event_that_was_made_takes_effect() -> None:
    """A person ordered it."""
    again = replace(GENUINE, redelivery="redeliver-1")

    assert owned(World(), MADE, GENUINE, again, again) == [MADE, again]


def read(document: dict[str, Any]) -> Any:
    return parse_event(json.dumps(document), NOW_MS, READER)


def test_a_made_event_is_known_as_the_genuine_one_and_marked() -> None:
    genuine = json.loads(envelope(1, "user.start", queueId="q", mediaType="VOICE"))
    made = json.loads(envelope(1, "user.start", mediaType="VOICE")) | {"replay-name": "backfill-1"}

    assert read(made).identity == read(genuine).identity
    assert read(made).payload_hash != read(genuine).payload_hash
    assert (read(made).backfill, read(genuine).backfill) == ("backfill-1", "")


@pytest.mark.parametrize(("member", "value"), [("eventTime", NOW_MS + 1), ("sessionId", "another")])
def test_another_session_or_moment_is_another_event(member: str, value: object) -> None:
    one, other = json.loads(envelope(1, "user.start")), json.loads(envelope(1, "user.start"))
    other["detail"]["eventBody"][member] = value

    assert read(one).identity != read(other).identity


def test_what_names_no_session_or_moment_is_known_by_its_nature() -> None:
    for member in ("sessionId", "eventTime"):
        one = json.loads(envelope(1, "user.start"))
        del one["detail"]["eventBody"][member]
        by_nature = parse_event(json.dumps(one), NOW_MS)
        assert read(one).identity == by_nature.identity
        with pytest.raises(Malformed, match="moment"):
            read(one | {"replay-name": "backfill-1"})


def test_a_made_event_that_is_not_known_by_its_moment_is_no_event() -> None:
    made = json.loads(envelope(1, "user.start")) | {"replay-name": "backfill-1"}

    with pytest.raises(Malformed, match="moment"):
        parse_event(json.dumps(made), NOW_MS)


def test_the_dead_letter_of_a_made_event_goes_back_to_work() -> None:
    """It is read as intake reads it: by nature alone nobody could tell it from a genuine one."""
    office = Office()
    office.settings = replace(
        office.settings, configuration=replace(office.settings.configuration, reader=READER)
    )
    made = json.loads(envelope(1, "user.start")) | {"replay-name": "backfill-1"}
    office.bury("events", json.dumps(made))

    office.run()

    assert office.world.documents == {}
    assert len(office.redriven("events")) == 1


def test_a_dead_letter_names_the_event_as_intake_does() -> None:
    world = World()
    configuration = Configuration({}, (), reader=READER)
    consumer = consumer_of("events", world, MemorySettings(configuration))
    text = envelope(1, "user.start")
    tried = Delivery("m", "r", text, consumer.receives_max or 0, NOW_MS, {})

    settle_each([tried], lambda _: Later(Code.QUOTED("no ledger")), consumer)

    (letter,) = world.stored_queue("events-dead").messages.values()
    assert letter.attributes["identity"] == parse_event(text, NOW_MS, READER).identity
    assert letter.attributes["identity"] != parse_event(text, NOW_MS).identity


def test_a_message_keeps_the_mark() -> None:
    (batch,) = sealed([MADE, sealed_event("b")])

    assert [event.backfill for event in decode(encode(batch)).events] == ["backfill-1", ""]
