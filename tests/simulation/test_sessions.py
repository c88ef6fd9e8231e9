"""Events made from Genesys' record, before, beside and after genuine ones, under faults."""

from dataclasses import replace

import pytest

from simulation.endless import NEVER
from simulation.scenario import Scenario, draw
from simulation.sessions import added
from simulation.trial import run_scenario
from simulation.workload import Workload


def staged(seed: int) -> Scenario:
    return replace(draw(seed), events=4, told=0, states=0, sessions=14, ending=NEVER)


@pytest.mark.parametrize("seed", range(1, 13))
def test_whichever_of_a_made_and_a_genuine_event_comes_second_is_a_copy(seed: int) -> None:
    trial = run_scenario(staged(seed))

    assert trial.account.violations == []
    assert trial.account.published == 18


def test_every_order_is_among_them() -> None:
    """Made alone, made first, genuine first, two genuine ones beside a made one."""
    orders = set()
    for seed in range(1, 5):
        work = added(Workload([], []), staged(seed))
        for fact in work.facts:
            rows = sorted(
                (r for r in work.published if f'"s-{fact.number}"' in r.text), key=lambda r: r.at_ms
            )
            firsts = {row.on_bus: n for n, row in reversed(list(enumerate(rows)))}
            orders.add((fact.times, firsts.get(True, 99) < firsts.get(False, 99), len(firsts)))

    assert {(1, False, 1), (1, True, 2), (1, False, 2), (2, True, 2), (2, False, 2)} <= orders
