"""A redelivery in the middle of a run: what was ordered takes effect once more on each ordered
route, however often it is replayed, and nothing else does."""

from dataclasses import replace

import pytest

from simulation.checker import check
from simulation.mutants.stages import ordered
from simulation.orders import OrderedWorld
from simulation.scenario import Scenario, draw, shows_repetition
from simulation.trial import run_scenario
from simulation.workload import SECOND, Fact


def staged() -> list[Scenario]:
    drawn = (replace(draw(seed), told=0, states=0, sessions=0) for seed in range(1, 120))
    return [ordered(scenario) for scenario in drawn if shows_repetition(scenario)][:12]


@pytest.mark.parametrize("scenario", staged(), ids=lambda scenario: f"seed {scenario.seed}")
def test_what_is_ordered_takes_effect_once_more(scenario: Scenario) -> None:
    assert run_scenario(scenario).account.violations == []


def _ordered_in(world: OrderedWorld) -> list[Fact]:
    return [fact for fact in world.facts if fact.times > 1]


def test_orders_name_events_of_two_routes_of_one_and_of_none() -> None:
    found = set[tuple[bool, bool]]()
    for scenario in staged():
        world = OrderedWorld(scenario)
        world.run()
        numbers = {fact.number for fact in _ordered_in(world)}
        found |= {(n % SECOND in numbers, n % SECOND + SECOND in numbers) for n in numbers}

    assert found == {(True, True), (True, False), (False, True)}


@pytest.mark.parametrize("share", [0, 1])
def test_the_checker_objects_to_an_order_that_was_not_carried_out_and_to_one_that_was_twice(
    share: int,
) -> None:
    """As if one more event had been ordered than was replayed, or one fewer."""
    scenario = staged()[0]
    world = OrderedWorld(scenario)
    history = world.run()
    taken = _ordered_in(world)[0] if share else next(f for f in world.facts if f.kind == "plain")
    history.facts[:] = [
        replace(fact, times=fact.times + (-1 if share else 1)) if fact == taken else fact
        for fact in history.facts
    ]

    (said,) = check(history, scenario.regime).violations
    assert ("took effect" if share else "is lost") in said


def test_one_world_in_twelve_has_one() -> None:
    drawn = map(draw, range(1, 1_001))
    having = [each for each in drawn if each.redelivers and shows_repetition(each)]
    assert 70 <= len(having) <= 100
