"""What was missing when a person was asked, or had to be asked later: the case is completed."""

import json
from collections.abc import Callable

import pytest

from lambdas.relay.kernel.vault_keys import REVIEW
from lambdas.relay.messages.sealing import decode
from lambdas.relay.requests.record import batch_id_of
from simulation.hands.acts import delete_records
from simulation.hands.cases import decide
from simulation.hands.moments import called, claimed, recorded
from simulation.hands.outcomes import effects_of
from simulation.hands.world import CALLS, EVENTS, STEPS, World, customer

ONCE = {customer(number): 1 for number in range(EVENTS)}


def cases(world: World) -> dict[str, str | None]:
    """The message of each, by the request's id."""
    documents = {key: text for key, text in world.documents.items() if key.startswith(REVIEW)}
    return {
        key.removeprefix(REVIEW).removesuffix(".json"): json.loads(text).get("message")
        for key, text in documents.items()
    }


def deliver_again(world: World) -> None:
    for batch_id in cases(world):
        assert decide(world, batch_id, "again")
    world.rest()


@pytest.mark.parametrize("place", ["", "-dead"])
@pytest.mark.parametrize(("bring", "home"), [(recorded, "batches"), (claimed, "writes")])
def test_a_message_that_turns_up_belongs_to_the_case_that_lacks_it(
    bring: Callable[[World], None], home: str, place: str
) -> None:
    """Taken out of its queue; after eight days a person is asked, and nobody has its contents."""
    world = World(STEPS)
    bring(world)
    messages = world.take(home)
    world.documents.clear()
    world.rest()
    assert {*cases(world).values()} == {None}

    world.put(f"{home}{place}", messages)
    world.rest()

    found = {name: decode(text or "") for name, text in cases(world).items()}
    assert {name: batch.batch_id for name, batch in found.items()} == {name: name for name in found}
    deliver_again(world)
    assert effects_of(world) == ONCE


@pytest.mark.parametrize("place", ["checks", "checks-dead"])
def test_a_timer_whose_record_is_gone_asks_a_person_with_what_is_kept(place: str) -> None:
    world = World(CALLS)
    called("never_nor_effect")(world)
    timers = world.take("checks")
    requests = {batch_id_of(pk) for pk, _ in world.table.items if pk.startswith("R#")}
    delete_records(world, "checks")

    world.put(place, timers)
    world.rest()

    assert cases(world).keys() == requests
    deliver_again(world)
    assert effects_of(world) == ONCE


@pytest.mark.parametrize("place", ["checks", "checks-dead"])
def test_a_timer_of_a_request_that_is_done_and_expired_asks_nobody(place: str) -> None:
    world = World(CALLS)
    called("on_time")(world)
    timers = world.take("checks")
    world.rest()
    delete_records(world, "checks")

    world.put(place, timers)
    world.rest()

    assert not world.documents
    assert effects_of(world) == ONCE
