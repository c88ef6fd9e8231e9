"""Shared items: changed by compare and swap, by many, under every fault of the ledger."""

import pytest

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Item
from lambdas.relay.ledger.shared import SharedItem, Values
from tests.unit.world import World


def increment(item: Item | None) -> tuple[Values, int]:
    number = 1 if item is None else item["number"] + 1
    return {"number": number}, number


def counter(world: World) -> SharedItem:
    return SharedItem(world.ledger, world.entropy, "counter")


def test_each_change_sees_the_one_before() -> None:
    world = World()
    assert [counter(world).change(increment) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_whoever_was_overtaken_decides_again_on_the_current_item() -> None:
    world = World()
    counter(world).change(increment)
    overtaken: list[int] = []

    def slow(item: Item | None) -> tuple[Values, int]:
        if not overtaken:
            overtaken.append(counter(world).change(increment))
        return increment(item)

    assert counter(world).change(slow) == 3


def test_the_first_of_two_that_create_it_wins_and_the_other_adds() -> None:
    world = World()
    overtaken: list[int] = []

    def slow(item: Item | None) -> tuple[Values, int]:
        if not overtaken:
            overtaken.append(counter(world).change(increment))
        return increment(item)

    assert counter(world).change(slow) == 2


def test_no_change_writes_nothing() -> None:
    world = World()
    assert counter(world).change(lambda item: (None, "as it is")) == "as it is"
    assert world.table.writes == 0


def test_a_write_that_met_itself_counts_once() -> None:
    world = World()
    for _ in range(2):
        world.faults.plan("ledger met itself")
        counter(world).change(increment)
    assert counter(world).change(increment) == 3


def test_a_write_that_lands_late_changes_nothing() -> None:
    world = World()
    counter(world).change(increment)
    world.faults.plan("ledger late write")
    with pytest.raises(Transient):
        counter(world).change(increment)
    counter(world).change(increment)
    counter(world).change(increment)
    world.timeline.advance(600)
    assert counter(world).change(increment) == 4


def test_endless_collisions_are_given_up() -> None:
    world = World()

    def never(item: Item | None) -> tuple[Values, int]:
        counter(world).change(increment)
        return increment(item)

    with pytest.raises(Transient, match="too many writers"):
        counter(world).change(never)
