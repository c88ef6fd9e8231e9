"""What a person has read again stays a case if it still cannot be read, whoever else decides."""

import json

import pytest

from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition, settle_each
from lambdas.relay.review.quarantined import read_again
from simulation.memory.vault import MemoryVault
from tests.unit.world import World

TEXT = "it says nothing"


class Slow(MemoryVault):
    """A vault whose removals take effect later."""

    def __init__(self, world: World) -> None:
        super().__init__(world.documents, world.gate, world.faults)
        self.removals: list[str] = []

    def discard(self, key: str) -> None:
        self.removals.append(key)

    def catch_up(self) -> None:
        for key in self.removals:
            super().discard(key)


def unreadable(delivery: Delivery) -> Disposition:
    raise Malformed(Code.QUOTED("it says nothing"))


def settle_all(world: World) -> None:
    settle_each(world.stored_queue("source").receive(10), unreadable, world.consumer())


def names(world: World) -> list[str]:
    return [key.removeprefix("quarantine/").removesuffix(".json") for key in world.documents]


@pytest.fixture
def world() -> World:
    world = World()
    settle_each(world.deliver(TEXT), unreadable, world.consumer())
    return world


def test_what_two_people_have_read_again_at_the_same_time_stays_a_case(world: World) -> None:
    (name,) = names(world)
    slow, events = Slow(world), world.queue("source")
    read_again(name, TEXT, vault=slow, events=events)
    read_again(name, TEXT, vault=world.vault, events=events)
    settle_all(world)

    slow.catch_up()

    (document,) = world.documents.values()
    assert json.loads(document)["message"] == TEXT


def test_what_is_read_again_and_again_is_one_case_under_a_name_of_its_own(world: World) -> None:
    met = names(world)
    for _ in range(3):
        read_again(met[-1], TEXT, vault=world.vault, events=world.queue("source"))
        settle_all(world)
        met += names(world)

    assert len(set(met)) == 4
