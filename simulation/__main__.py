"""`python -m simulation`: the simulation from the command line (`make sim`)."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from simulation import campaign, report
from simulation.kinds import KINDS, run
from simulation.scenario import WorldKind

RUNS_MAX = 10_000_000
SEED_MAX = 2**53
OUT = Path("out/sim.json")


def main(
    runs: Annotated[
        str, typer.Option(help="How many seeds to run; 1 replays one, step by step.")
    ] = "1000",
    seed: Annotated[str, typer.Option(help="The first seed.")] = "1",
    world: Annotated[
        str, typer.Option(help=f"With one run: the kind of its world, {', '.join(KINDS)}.")
    ] = "full",
) -> None:
    """Runs the production code in the simulated world, and checks what becomes of every event."""
    count = _whole(runs, "RUNS", 1, RUNS_MAX)
    first = _whole(seed, "SEED", 0, SEED_MAX)
    kind = _kind(world)
    if count == 1:
        raise typer.Exit(_replay(first, kind))
    if kind != "full":
        print("WORLD is for one run, as in: make sim RUNS=1 WORLD=lanes", file=sys.stderr)
        raise typer.Exit(2)
    report.tell_plan(count)
    progress = report.Progress()
    try:
        result = campaign.run(count, first, progress)
    finally:
        progress.stop()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(campaign.rows(result), indent=1) + "\n", encoding="utf-8")
    report.tell(result, OUT)
    raise typer.Exit(0 if result.is_good else 1)


def _replay(seed: int, kind: WorldKind) -> int:
    trial = run(kind, seed, report.show_step)
    report.tell_trial(trial)
    return 1 if trial.failed else 0


def _kind(name: str) -> WorldKind:
    for kind in KINDS:
        if kind == name:
            return kind
    print(f"WORLD is {name!r}; it must be one of {', '.join(KINDS)}.", file=sys.stderr)
    raise typer.Exit(2)


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        print(
            f"{name} is {text!r}; it must be a whole number from {least} to {most}, "
            f"as in: make sim {name}={max(least, 1)}",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    return int(text)


if __name__ == "__main__":
    typer.run(main)
