"""`python -m simulation`, as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from simulation.report import Progress, tell_plan

ROOT = Path(__file__).parents[2]


def _run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulation", *arguments],
        cwd=cwd,
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("--runs", "many"), "RUNS"),
        (("--runs", "0"), "RUNS"),
        (("--runs", "-3"), "RUNS"),
        (("--runs", "1", "--seed", "x"), "SEED"),
        (("--runs", "1", "--seed", "9" * 30), "SEED"),
        (("--runs", "1", "--world", "flat"), "WORLD"),
        (("--runs", "2", "--world", "lanes"), "WORLD"),
    ],
)
def test_a_wrong_number_gives_one_sentence_and_exit_2(
    arguments: tuple[str, ...], name: str
) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"{name} is ")
    assert done.stderr.count("\n") == 1


def test_one_run_is_replayed_step_by_step_without_colour() -> None:
    done = _run("--runs", "1", "--seed", "3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "Every event is accounted for." in lines[-1]
    assert any("ledger.change" in line for line in lines)
    assert "\x1b[" not in done.stdout


def test_what_takes_time_however_few_the_runs_is_announced_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_plan(20)

    said = capsys.readouterr().out
    assert said.startswith("20 runs, then what every campaign does: ")
    assert "four to five minutes" in said
    assert "mutants, rivals" in said


def test_without_a_terminal_each_tenth_is_a_line_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("simulation.report.time.monotonic", lambda: now[0])
    progress = Progress()
    progress.begin("runs", 40)
    for _ in range(7):
        now[0] += 5
        progress.advance(1)
    progress.begin("lanes", 1)
    progress.advance(1)
    progress.stop()

    assert capsys.readouterr().out.splitlines() == [
        "runs ...",
        "runs: 10 % after 20 s, about 3 min left",
        "lanes ...",
        "lanes: 100 % after 0 s",
    ]
