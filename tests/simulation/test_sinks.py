"""Two destinations, one outside Genesys and down for a while: the other goes on meanwhile, and
every promise holds for both."""

import json
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.pool import Pool

import pytest

from lambdas.relay.sinks.https import signed
from simulation.checker import check
from simulation.memory.endpoint import SECRET, TOLERANCE_S, is_genuine
from simulation.scenario import Scenario, draw, draw_with_sink, with_endpoint, with_sink
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
    drawn = [draw_with_sink(seed) for seed in SEEDS]
    assert {(each.sink, each.sink_refuses) for each in drawn} == {
        ("https", "request"),
        ("queue", "item"),
        ("queue", "request"),
    }


def test_a_call_that_is_refused_for_one_record_costs_its_neighbours_nothing() -> None:
    shares = Shares(poison=0.2, odd=0.0, copies=0.1)
    drawn = replace(with_sink(draw(1)), sink_refuses="request", shares=shares, most_items=12)
    # All at once and without faults, so that batches are large.
    world = World(replace(drawn, rates={}, publishing_s=0.0, regroups=False, events=80))

    account = check(world.run(), drawn.regime)

    calls = [json.loads(c.body)["entities"] for c in world.server.calls if c.path == SECOND_PATH]
    refused = [items for items in calls if any(item.get("poison") for item in items)]
    assert any(len(items) > 2 for items in refused)
    assert any(len(items) == 1 for items in refused)
    assert account.violations == []
    assert account.rejected


@pytest.mark.parametrize("beside", [with_sink, with_endpoint])
def test_both_had_something_to_take_and_one_was_down(
    beside: Callable[[Scenario], Scenario],
) -> None:
    world = World(beside(draw(1)))

    world.run()

    for path in (PATH, SECOND_PATH):
        assert any(effect.path == path for effect in world.server.effects), path
    calls = sum(call.path == SECOND_PATH for call in world.server.calls)
    assert calls > len({e.key for e in world.server.effects if e.path == SECOND_PATH})


def test_an_endpoint_accepts_only_what_is_signed_as_a_whole_and_now() -> None:
    headers = signed([SECRET], "an id", 1_700_000_000, b"{}")
    now_s = 1_700_000_000 + TOLERANCE_S

    assert is_genuine(headers, b"{}", now_s)
    assert not is_genuine(headers, b"[]", now_s)
    assert not is_genuine(headers, b"{}", now_s + 1)
    assert not is_genuine({**headers, "webhook-id": "another"}, b"{}", now_s)
    assert not is_genuine(signed([b"?" * 24], "an id", 1_700_000_000, b"{}"), b"{}", now_s)
