"""Random runs under swarmed faults: what `make sim` does at length, in short."""

from multiprocessing.pool import Pool

from simulation.scenario import draw
from simulation.work import parts_of, run_worlds

RUNS = 120


def test_no_event_is_lost_and_none_takes_effect_twice(processes: Pool) -> None:
    # Given as many worlds, each with its own faults
    parts = parts_of("full", range(1, RUNS + 1))
    # When the production code runs in them
    trials = [trial for done in processes.imap_unordered(run_worlds, parts) for trial in done]
    # Then every event is accounted for
    assert {trial.seed: trial.account.violations for trial in trials if trial.failed} == {}
    # And not for lack of faults
    published = sum(trial.account.published for trial in trials)
    delivered = sum(trial.account.delivered for trial in trials)
    for trial in trials:
        drawn = draw(trial.seed)
        happened = drawn.events + drawn.told + drawn.states + drawn.sessions
        # an audit that two routes take is two facts
        assert trial.account.published >= happened
        assert trial.account.published == happened or drawn.two_routes
    assert published > RUNS * 40
    assert delivered > 0.8 * published
    assert sum(sum(trial.faults.values()) for trial in trials) > 20 * RUNS


def test_nor_in_small_worlds(processes: Pool) -> None:
    parts = parts_of("small", range(1, RUNS + 1))
    trials = [trial for done in processes.imap_unordered(run_worlds, parts) for trial in done]

    assert {trial.seed: trial.account.violations for trial in trials if trial.failed} == {}
    published = sum(trial.account.published for trial in trials)
    # As many faults, for a quarter of the events
    assert 8 * RUNS <= published < 16 * RUNS
    assert sum(sum(trial.faults.values()) for trial in trials) > 20 * RUNS
