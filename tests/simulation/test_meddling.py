"""Somebody edits what is stored, takes messages away and puts them back: nothing is lost."""

from collections import Counter
from dataclasses import replace
from multiprocessing.pool import Pool

from simulation.fault_plan import HAND_RATES
from simulation.scenario import draw_small
from simulation.trial import Trial, run_scenario

SEEDS = range(1, 41)


def run(seed: int) -> Trial:
    drawn = draw_small(seed)
    return run_scenario(replace(drawn, decides=False, rates={**drawn.rates, **HAND_RATES}))


def test_every_event_is_accounted_for_whatever_a_person_meddles_with(processes: Pool) -> None:
    done = list(processes.imap_unordered(run, SEEDS, chunksize=2))

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    struck = sum((Counter(trial.faults) for trial in done), Counter[str]())
    assert all(struck[kind] > 10 for kind in HAND_RATES)
    counts = sum((Counter(trial.probes) for trial in done), Counter[str]())
    assert counts["metric DamagedRecords"]
    assert any("RECORD_DAMAGED" in trial.account.reasons for trial in done)
