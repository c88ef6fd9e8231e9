"""Two destinations, one a service of AWS that is out for a while: the other goes on meanwhile, and
every promise holds for both."""

from multiprocessing.pool import Pool

from simulation.scenario import WorldKind, draw_with_sink
from simulation.work import run_worlds
from simulation.world import World
from simulation.world_paths import PATH, SECOND_PATH

SEEDS = range(1, 13)


def test_every_event_is_accounted_for_wherever_it_goes(processes: Pool) -> None:
    parts: list[tuple[WorldKind, range]] = [("sink", range(n, n + 3)) for n in SEEDS[::3]]

    done = [t for trials in processes.imap_unordered(run_worlds, parts) for t in trials]

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    assert len(done) == len(SEEDS)


def test_both_have_had_something_to_take_and_one_was_out() -> None:
    world = World(draw_with_sink(1))

    world.run()

    for path in (PATH, SECOND_PATH):
        assert any(effect.path == path for effect in world.server.effects), path
    calls = sum(call.path == SECOND_PATH for call in world.server.calls)
    assert calls > len({e.key for e in world.server.effects if e.path == SECOND_PATH})
