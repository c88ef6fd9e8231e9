"""A restored ledger forgets, with the consequences that the runbook describes."""

from dataclasses import replace
from multiprocessing.pool import Pool
from random import Random

import pytest

from lambdas.relay.kernel.limits import HOUR_S, MINUTE_S
from simulation.checker import check
from simulation.history import History
from simulation.restores import Forgotten, Restores
from simulation.scenario import Scenario, draw, draw_small
from simulation.work import run_restored
from simulation.world import World

SEEDS = range(1, 9)


def test_every_event_is_accounted_for_when_the_ledger_was_restored(processes: Pool) -> None:
    done = list(processes.imap_unordered(run_restored, SEEDS))

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    # And something was forgotten: some events took effect again, and people were asked.
    assert sum(trial.account.forgotten for trial in done) > 0
    assert any("RECORD_GONE" in trial.account.reasons for trial in done)


@pytest.fixture(scope="module")
def doubled() -> tuple[Scenario, History]:
    """A world in which a replay brought events back that the ledger had forgotten."""
    for seed in SEEDS:
        drawn = draw(seed)
        scenario = replace(drawn, rates={**drawn.rates, "ledger restored": 1.0})
        history = World(scenario).run()
        if history.forgotten.replayed and check(history, scenario.regime).forgotten:
            return scenario, history
    raise AssertionError("nothing took effect again in any of these worlds")


def test_a_second_effect_of_what_the_ledger_never_forgot_is_not_the_restores(
    doubled: tuple[Scenario, History],
) -> None:
    scenario, history = doubled

    account = check(replace(history, forgotten=Forgotten()), scenario.regime)

    assert any("took effect" in said or "doubled" in said for said in account.violations)


def test_what_a_message_held_may_not_be_lost_by_a_restore(
    doubled: tuple[Scenario, History],
) -> None:
    scenario, history = doubled
    number = next(
        fact.number
        for fact in history.facts
        if fact.kind == "plain" and fact.number in history.forgotten.events
    )
    others = [e for e in history.effects if f"evt-{number:05d}" not in str(e.item)]
    documents = {k: d for k, d in history.documents.items() if f"evt-{number:05d}" not in d}
    gone = replace(history, effects=others, documents=documents)
    held = replace(history.forgotten, unheld=set(), replayed=set())
    unheld = replace(held, unheld={number})

    assert (
        f"event {number} is lost"
        in check(replace(gone, forgotten=held), scenario.regime).violations
    )
    assert check(replace(gone, forgotten=unheld), scenario.regime).purged == 1


class AtOnce(Random):
    """The moment to restore is now, and the functions stop now."""

    def random(self) -> float:
        return 0.0


def test_a_case_that_was_closed_since_is_noted_and_one_that_still_waits_is_not() -> None:
    world, forgotten = World(draw_small(1)), Forgotten()
    items = world.table.items
    for pk in ("R#closed since", "R#waiting"):
        items[pk, "R"] = {"pk": pk, "sk": "R", "state": "MANUAL_REVIEW", "attention": "review"}
    confirmed = {"pk": "R#closed since", "sk": "R", "state": "CONFIRMED"}

    Restores(
        AtOnce(), world.timeline, world.table, world.documents, world.queues, world.mappings,
        world.reconciliation, world.bus, {}, forgotten, AtOnce(),
    ).plan()  # fmt: skip
    world.timeline.after(MINUTE_S, lambda: items.update({("R#closed since", "R"): confirmed}))
    world.timeline.advance(HOUR_S)

    assert items["R#closed since", "R"]["state"] == "MANUAL_REVIEW"
    assert forgotten.closed == {"closed since"}
