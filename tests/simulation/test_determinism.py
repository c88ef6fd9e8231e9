"""One seed is one execution, whoever runs it."""

import os
import subprocess
import sys

from simulation.trial import run_seed

PRINT_HASH = "from simulation.trial import run_seed; t = run_seed(11); print(t.trace_hash, t.steps)"


def test_the_same_seed_twice_takes_the_same_steps() -> None:
    first, second = run_seed(3), run_seed(3)
    assert (first.trace_hash, first.steps) == (second.trace_hash, second.steps)
    assert first.faults == second.faults


def test_another_seed_takes_others() -> None:
    assert run_seed(3).trace_hash != run_seed(4).trace_hash


def test_other_processes_with_other_hash_seeds_take_the_same_steps() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", PRINT_HASH],
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for salt in ("0", "1", "4242")
    }
    assert len(told) == 1
    trial = run_seed(11)
    assert told == {f"{trial.trace_hash} {trial.steps}\n"}
