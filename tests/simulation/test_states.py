"""States that come back, numbered where they happen: none is lost as a copy of an earlier one."""

from dataclasses import replace

import pytest

from simulation.checker import check
from simulation.mutants import mutant_of
from simulation.mutants.mutant import applied
from simulation.scenario import Scenario, draw
from simulation.world import World

SEEDS = range(9_001, 9_005)


def changing(seed: int) -> Scenario:
    return replace(draw(seed), events=6, states=14)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_change_takes_effect_once_whatever_goes_wrong(seed: int) -> None:
    scenario = changing(seed)

    account = check(World(scenario).run(), scenario.regime)

    assert account.violations == []


def test_the_mistake_loses_what_comes_back() -> None:
    scenario = changing(SEEDS[0])

    with applied(mutant_of("identity without time")):
        account = check(World(scenario).run(), scenario.regime)

    assert account.lost > 0
