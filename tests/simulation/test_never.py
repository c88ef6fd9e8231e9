"""What never works again: an event that Genesys fails over for ever, whatever it is sent with. Its
neighbours are written, a person has it within days, and nobody is asked without end."""

from collections import Counter
from dataclasses import replace

import pytest

from lambdas.relay.functions import attempt
from simulation.checker import Account, check
from simulation.scenario import calm
from simulation.workload import START_MS
from simulation.world import World

DAY_MS = 86_400_000
#: by the outsider's own reckoning: so often is a request made that fails each time, and no more
TRIES_MAX = 30
#: and after so many days a person has what it was about
DAYS_MAX = 7
#: a run that has a bound takes a third of it
STEPS_MAX = 10_000
FAILING = 2
EVENTS = 30


def _run(regime: str) -> tuple[World, Account, int]:
    drawn = calm(1, regime, EVENTS)
    scenario = replace(drawn, most_items=4, failing=FAILING, steps_max=STEPS_MAX)
    world = World(scenario)
    history = world.run()
    tries = Counter(call.key for call in history.calls)
    return world, check(history, scenario.regime), max(tries.values())


@pytest.mark.parametrize("regime", ["honoured", "ignored", "ignored, read back"])
def test_a_person_has_it_in_bounded_time_and_its_neighbours_are_written(regime: str) -> None:
    world, account, tries = _run(regime)

    assert account.violations == []
    assert account.parked >= FAILING
    assert account.delivered + account.parked == EVENTS
    assert tries <= TRIES_MAX
    assert world.timeline.now_ms - START_MS < DAYS_MAX * DAY_MS


def test_a_writer_that_never_gives_up_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "ATTEMPTS_MAX", 10**9)

    _, account, tries = _run("honoured")

    assert account.violations or tries > TRIES_MAX
