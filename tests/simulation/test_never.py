"""What never works again: a destination, one of two, or an event. The others are written, a person
has what it was about within days, and nobody is asked without end."""

from dataclasses import replace

import pytest

from lambdas.relay.kernel.limits import HOUR_S
from simulation.bounds import exceeded
from simulation.checker import check
from simulation.endless import SILENCES, Endless, Stumble, ending_of
from simulation.functions import FUNCTIONS
from simulation.history import History
from simulation.incidents import PAUSE_END_BESIDE_H, PAUSE_END_H
from simulation.scenario import ENDLESS_EVENTS, calm, draw_endless
from simulation.trial import run_scenario
from simulation.workload import START_MS
from simulation.world import World

#: those that are asked every two minutes for eight days take a minute each: `make sim` runs them
SOON: tuple[Endless, ...] = (
    "silent",
    "fails",
    "limits",
    "refuses",
    "page",
    "answered 500",
    "never answered",
    "kills intake",
    "kills dedup",
)


def _calm(fault: Endless, regime: str) -> History:
    ending = ending_of(fault)
    scenario = replace(calm(1, regime, ENDLESS_EVENTS), ending=ending, publishing_s=480)
    return World(scenario).run()


@pytest.mark.parametrize("fault", SOON)
def test_a_person_has_it_in_bounded_time_and_the_others_are_written(fault: Endless) -> None:
    history = _calm(fault, "honoured")

    account = check(history, draw_endless(1).regime)

    assert account.violations == []
    assert history.at_rest
    assert account.delivered >= ENDLESS_EVENTS - len(history.stuck) > 0
    assert account.delivered + account.parked + account.rejected == ENDLESS_EVENTS


@pytest.mark.parametrize("fault", SOON)
def test_the_same_while_everything_else_goes_wrong_too(fault: Endless) -> None:
    assert run_scenario(draw_endless(3, fault)).account.violations == []


@pytest.mark.parametrize(
    ("fault", "queue"),
    [("kills intake", "events"), ("kills dedup", "batches"), ("kills write", "writes")],
)
def test_nothing_is_lost_if_a_queue_rests_with_an_event_that_kills_its_function(
    fault: Stumble, queue: str
) -> None:
    rests_h = PAUSE_END_BESIDE_H.get(fault, PAUSE_END_H)
    scenario = calm(1, "honoured", ENDLESS_EVENTS)
    world = World(replace(scenario, ending=ending_of(fault), publishing_s=480))
    world.mappings[queue].pause(START_MS + rests_h * HOUR_S * 1000)

    account = check(world.run(), scenario.regime)

    assert (account.lost, account.violations) == (0, [])


def test_a_second_destination_that_is_down_for_a_while_gets_all_its_events() -> None:
    silent = replace(ending_of("unreachable"), lasts_s=1_800)
    scenario = replace(calm(1, "honoured", 60), ending=silent, publishing_s=480)

    account = check(World(scenario, functions=FUNCTIONS).run(), scenario.regime)

    assert (account.delivered, account.violations) == (60, [])


# The bounds themselves


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"redriven": 10_000}, "redrives"),
        ({"invocations": 100_000}, "invocations"),
        ({"lines": 100_000}, "lines in the logs"),
        ({"verdict_days": 11.0}, "settled or with a person after 11.0 days"),
        ({"days": 21.0}, "there was work for 21.0 days"),
    ],
)
def test_what_goes_on_without_end_is_seen(more: dict[str, float], said: str) -> None:
    history = _calm("kills intake", "honoured")
    assert list(exceeded(history)) == []

    (objection,) = exceeded(replace(history, **more))  # type: ignore[arg-type]

    assert said in objection


def test_a_request_that_is_made_again_and_again_is_seen() -> None:
    history = _calm("fails", "honoured")

    (objection,) = exceeded(replace(history, calls=history.calls * 2))

    assert "whose outcome is unknown was made" in objection


def test_a_request_that_nobody_has_after_days_is_seen() -> None:
    history = _calm("fails", "honoured")
    key = next(key for key, item in history.items.items() if item.get("state") == "DONE")
    items = {**history.items, key: {**history.items[key], "state": "OPEN"}}

    (objection,) = exceeded(replace(history, items=items, days=12.0))

    assert objection == "after 12.0 days nobody has 1 of the requests"


def test_each_is_drawn() -> None:
    drawn = {draw_endless(seed).ending for seed in range(200)}

    assert {ending_of(fault) for fault in (*SILENCES, *SOON)} <= drawn
