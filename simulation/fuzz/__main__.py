"""`make fuzz`: damaged inputs for every place where something from outside comes in.

The exit code is 1 if something escaped, was unforeseen, or harmed a valid message beside it; then
the input's place and number are printed, and the same seed finds it again.
"""

import sys
import traceback
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from simulation.fuzz.hands import HANDS
from simulation.fuzz.places import PLACES, Site

EVERYWHERE = {**PLACES, **HANDS}
#: a site is rebuilt after this many inputs, since what it keeps grows
INPUTS_PER_SITE = 50
FAILURES_SHOWN = 5


def failures(runs: int, seed: int, shown: bool = False) -> list[str]:
    """What went wrong with `runs` inputs, spread evenly over the places; a sentence each."""
    found: list[str] = []
    for name, place in EVERYWHERE.items():
        numbers = range(runs // len(EVERYWHERE))
        site = Site(Random(f"{seed} {name}"))
        for number in track(numbers, name, disable=not shown, console=Console(stderr=True)):
            if number % INPUTS_PER_SITE == 0:
                site = Site(Random(f"{seed} {name} {number}"))
            try:
                place(site, Random(f"{seed} {name} {number}"))
            except Exception as escaped:  # noqa: BLE001 each of them is a finding, told below
                frame = traceback.extract_tb(escaped.__traceback__)[-1]
                where = f"{Path(frame.filename).name}:{frame.lineno}"
                found.append(
                    f"{name} {number}: {type(escaped).__name__} at {where}: {escaped!s:.200}"
                )
                site = Site(Random(f"{seed} {name} {number}"))
    return found


def main(
    runs: Annotated[int, typer.Option(min=len(EVERYWHERE), help="Inputs in all.")] = 300_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same inputs.")] = 1,
) -> None:
    found = failures(runs, seed, shown=True)
    for sentence in found[:FAILURES_SHOWN]:
        print(sentence, file=sys.stderr)
    print(
        f"{runs} damaged inputs at {len(EVERYWHERE)} places: {len(found)} went wrong (seed {seed})"
    )
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    typer.run(main)
