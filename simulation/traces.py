"""`python -m simulation.traces`: a hash of all steps for each of many seeds.

Two versions of the code with the same output behave the same in all of these runs, so a pure
refactoring leaves it unchanged: `diff` the output before and after.
"""

from typing import Annotated

import typer

from simulation.trial import Trial, prepare_process, run_seed, run_tracked_seed

UNTRACKED = 300
TRACKED = 100


def main(
    untracked: Annotated[int, typer.Option(help="Seeds of the plain world.")] = UNTRACKED,
    tracked: Annotated[int, typer.Option(help="Seeds of tracked requests.")] = TRACKED,
) -> None:
    """Prints one line for each seed: its world, the seed, its steps, and their hash."""
    prepare_process()
    for seed in range(1, untracked + 1):
        print(_line("untracked", run_seed(seed)), flush=True)
    for seed in range(1, tracked + 1):
        print(_line("tracked", run_tracked_seed(seed)), flush=True)


def _line(world: str, trial: Trial) -> str:
    failed = " FAILED" if trial.failed else ""
    return f"{world} {trial.seed} {trial.steps} {trial.trace_hash:08x}{failed}"


if __name__ == "__main__":
    typer.run(main)
