"""A destination that is repeatable and can be read back: what Genesys shows settles an unknown
outcome, and what it does not show settles nothing."""

from dataclasses import replace

import pytest

from lambdas.relay.correlation.last_look import LastLook
from simulation.regimes import BY_NAME
from simulation.scenario import Scenario, draw
from simulation.trial import Trial, run_scenario

#: drawn with the regime "repeatable"
SEEDS = (45, 52, 65)


def read_back(seed: int) -> Scenario:
    scenario = draw(seed)
    assert scenario.regime == BY_NAME["repeatable"]
    return replace(scenario, regime=replace(scenario.regime, reads_back=True))


def run(seed: int) -> tuple[Trial, list[bool]]:
    """The trial, and what each last look found."""
    found: list[bool] = []
    look = LastLook.is_there

    def is_there(self: LastLook) -> bool:
        found.append(look(self))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LastLook, "is_there", is_there)
        return run_scenario(read_back(seed)), found


@pytest.fixture(scope="module")
def trials() -> list[tuple[Trial, list[bool]]]:
    return [run(seed) for seed in SEEDS]


def test_nothing_is_lost_and_nothing_happens_twice(
    trials: list[tuple[Trial, list[bool]]],
) -> None:
    assert [trial.account.violations for trial, _ in trials] == [[]] * len(SEEDS)
    found = [each for _, looks in trials for each in looks]
    assert True in found
    assert False in found


def test_believing_an_absence_loses_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LastLook, "is_there", lambda self: self.destination.looks_last)
    assert run_scenario(read_back(SEEDS[0])).failed
