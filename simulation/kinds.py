"""The kinds of worlds that a seed can be drawn for, by the names that WORLD takes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args

from simulation.aws.world import draw_wired, run_wired
from simulation.scenario import (
    Scenario,
    WorldKind,
    draw,
    draw_endless,
    draw_in_lanes,
    draw_small,
    draw_with_sink,
)
from simulation.trace import Step
from simulation.trial import Trial, run_scenario, run_tracked_seed

KINDS: tuple[WorldKind, ...] = get_args(WorldKind)
Show = Callable[[Step], None]

_DRAWN: Mapping[WorldKind, Callable[[int], Scenario]] = {
    "full": draw,
    "small": draw_small,
    "lanes": draw_in_lanes,
    "sink": draw_with_sink,
    "endless": draw_endless,
}


def run(kind: WorldKind, seed: int, show: Show | None = None) -> Trial:
    """One seed in a world of this kind, and what became of it. `show` hears of each step, except in
    the world of the real adapters."""
    if kind == "tracked":
        trial = run_tracked_seed(seed, show=show)
    elif kind == "wired":
        trial = run_wired(draw_wired(seed))
    else:
        trial = run_scenario(_DRAWN[kind](seed), show=show)
    return replace(trial, kind=kind)


def replayed(trial: Trial) -> str:
    """The command that runs it again, step by step."""
    world = "" if trial.kind == "full" else f" WORLD={trial.kind}"
    return f"make sim RUNS=1 SEED={trial.seed}{world}"
