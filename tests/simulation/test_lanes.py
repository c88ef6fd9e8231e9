"""Lanes only affect time: with a queue for each, every promise holds as it does with one."""

from multiprocessing.pool import Pool

from simulation.scenario import draw_in_lanes
from simulation.work import parts_of, run_worlds
from simulation.world import World

SEEDS = range(1, 13)


def test_every_event_is_accounted_for_whatever_lane_it_is_in(processes: Pool) -> None:
    parts = parts_of("lanes", SEEDS)

    done = [t for trials in processes.imap_unordered(run_worlds, parts) for t in trials]

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    assert len(done) == len(SEEDS)


def test_each_lane_had_something_to_do() -> None:
    world = World(draw_in_lanes(1))

    world.run()

    for name in ("write", "writes-first", "writes-last"):
        assert world.pools[name].invocations, name
