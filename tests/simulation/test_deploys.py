"""A deploy while events are under way: old and new instances side by side, each event judged."""

from dataclasses import replace

import pytest

from simulation.checker import check
from simulation.deploys import DEPLOYS, TRACKED, Deploy, after
from simulation.scenario import Scenario, calm, draw
from simulation.tracked import draw_tracked
from simulation.trial import run_scenario, run_tracked_scenario
from simulation.workload import Shares
from simulation.world import World

SEEDS = range(9_100, 9_103)


def deploying(deploy: Deploy, seed: int) -> Scenario:
    return replace(draw(seed), deploy=deploy)


@pytest.mark.parametrize("deploy", DEPLOYS[1:])
def test_every_event_is_accounted_for_whatever_else_goes_wrong(deploy: Deploy) -> None:
    trials = [run_scenario(deploying(deploy, seed)) for seed in SEEDS]

    assert {trial.seed: trial.account.violations for trial in trials if trial.failed} == {}


@pytest.mark.parametrize("deploy", TRACKED)
def test_every_tracked_request_ends_where_it_has_to(deploy: Deploy) -> None:
    for seed in (4, 7):
        scenario, tracks = draw_tracked(seed)
        trial = run_tracked_scenario(replace(scenario, deploy=deploy), tracks)
        assert trial.account.violations == []


def test_second_effects_of_a_forgotten_name_are_those_that_the_runbook_announces() -> None:
    scenario = replace(calm(1, "honoured", 100), deploy="forgotten", publishing_s=2_000)
    scenario = replace(scenario, shares=Shares(poison=0, odd=0, copies=0.5))
    history = World(scenario).run()

    account = check(history, scenario.regime)

    assert account.renamed == account.doubled > 0
    assert (account.undetected, account.violations) == (0, [])
    # A second effect under one name is still an error.
    twice = check(replace(history, effects=history.effects * 2), scenario.regime)
    assert twice.undetected > 0
    assert twice.violations


@pytest.mark.parametrize("deploy", ["renamed", "rolled back", "remapped", "smaller", "released"])
def test_without_faults_nobody_notices(deploy: Deploy) -> None:
    scenario = replace(calm(1, "honoured", 200), deploy=deploy, publishing_s=2_000)

    account = check(World(scenario).run(), scenario.regime)

    assert (account.delivered, account.doubled, account.violations) == (200, 0, [])


def test_without_faults_what_a_removed_destination_had_ends_with_a_person_or_is_unrouted() -> None:
    scenario = replace(calm(1, "honoured", 200), deploy="removed", publishing_s=2_000)
    history = World(scenario).run()

    account = check(history, scenario.regime)

    assert account.violations == []
    assert account.delivered > 0 < account.unrouted
    assert account.delivered + account.parked + account.unrouted == 200


def test_an_event_that_was_sealed_before_and_is_nowhere_is_lost() -> None:
    scenario = replace(calm(1, "honoured", 20), deploy="removed")
    history = World(scenario).run()
    assert history.sealed

    account = check(replace(history, effects=history.effects[1:]), scenario.regime)

    assert account.lost == 1


def test_a_new_name_says_which_it_had_before() -> None:
    world = World(calm(1, "honoured", 1))

    renamed = after("renamed", world.configure())

    assert renamed.destinations["simulated"].name == "new-simulated"
    assert all(len(route.names) == 2 for route in renamed.routes)
