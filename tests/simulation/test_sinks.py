"""Two destinations, one a service of AWS that is out for a while: the other goes on meanwhile, and
every promise holds for both."""

import json
from dataclasses import replace
from multiprocessing.pool import Pool

from simulation.checker import check
from simulation.scenario import draw_with_sink
from simulation.work import parts_of, run_worlds
from simulation.workload import Shares
from simulation.world import World
from simulation.world_paths import PATH, SECOND_PATH

SEEDS = range(1, 13)


def test_every_event_is_accounted_for_wherever_it_goes(processes: Pool) -> None:
    parts = parts_of("sink", SEEDS)

    done = [t for trials in processes.imap_unordered(run_worlds, parts) for t in trials]

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    assert len(done) == len(SEEDS)
    assert {draw_with_sink(seed).sink_refuses for seed in SEEDS} == {"item", "request"}


def test_a_call_that_is_refused_for_one_record_costs_its_neighbours_nothing() -> None:
    shares = Shares(poison=0.2, odd=0.0, copies=0.1)
    drawn = replace(draw_with_sink(1), sink_refuses="request", shares=shares, most_items=12)
    # All at once and without faults, so that batches are large.
    world = World(replace(drawn, rates={}, publishing_s=0.0, regroups=False, events=80))

    account = check(world.run(), drawn.regime)

    calls = [json.loads(c.body)["entities"] for c in world.server.calls if c.path == SECOND_PATH]
    refused = [items for items in calls if any(item.get("poison") for item in items)]
    assert any(len(items) > 2 for items in refused)
    assert any(len(items) == 1 for items in refused)
    assert account.violations == []
    assert account.rejected


def test_both_have_had_something_to_take_and_one_was_out() -> None:
    world = World(draw_with_sink(1))

    world.run()

    for path in (PATH, SECOND_PATH):
        assert any(effect.path == path for effect in world.server.effects), path
    calls = sum(call.path == SECOND_PATH for call in world.server.calls)
    assert calls > len({e.key for e in world.server.effects if e.path == SECOND_PATH})
