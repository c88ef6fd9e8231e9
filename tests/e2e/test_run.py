"""`make run`, as a user runs it: a captured file, a hostile day, a run that is killed."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import toolchain
from tests.e2e import laptop
from tests.e2e.captured import captured, is_well_made, write

#: Guards against a hang, no bounds: a run ends itself when nothing changes any more, and on a busy
#: machine it takes its time.
RUN_WITHIN_S = 7200
GONE_WITHIN_S = 120.0
#: what a run says while events are on their way
UNDER_WAY = "waiting: events"


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    said: str
    row: Mapping[str, Any]


#: what a user types, once everything is installed
RUN = (sys.executable, "-m", "demo.run")


def command(
    directory: Path, program: Sequence[str] = RUN, **settings: str
) -> "subprocess.Popen[str]":
    """`program` with everything that it writes in a directory of the test's."""
    kept = {n: v for n, v in os.environ.items() if n not in ("EVENTS", "FAULTS", "SEED")}
    return subprocess.Popen(
        program,
        cwd=directory,
        env={**kept, "PYTHONPATH": str(toolchain.ROOT), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(directory: Path, program: Sequence[str] = RUN, **settings: str) -> Finished:
    process = command(directory, program, **settings)
    try:
        said, _ = process.communicate(timeout=RUN_WITHIN_S)
    finally:
        process.kill()
    told = directory / "out" / "run.json"
    return Finished(process.returncode, said, json.loads(told.read_text()) if told.exists() else {})


@dataclass(frozen=True, slots=True)
class Killed:
    """Where a run was killed while events were on their way, and what it had started."""

    directory: Path
    started: frozenset[int]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    directory = tmp_path_factory.mktemp("killed")
    process = command(directory)
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if UNDER_WAY in line:
                break
        assert UNDER_WAY in said, said
        started = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    yield Killed(directory, started)
    for survivor in alive(started):
        os.kill(survivor, signal.SIGKILL)


def test_a_killed_run_leaves_no_process_behind(killed: Killed) -> None:
    assert len(killed.started) >= 4, "the emulator, its workers, the simulator"

    until = time.monotonic() + GONE_WITHIN_S
    while alive(killed.started) and time.monotonic() < until:
        time.sleep(0.1)

    assert alive(killed.started) == set()


def test_a_captured_file_is_delivered_exactly_after_a_killed_run(killed: Killed) -> None:
    """1,000 lines, 30 % copies of both kinds, some malformed, in the place of a killed run; on a
    company's laptop without a network."""
    document = captured(seed=20260109)
    assert is_well_made(document)
    assert len(document.lines) == 1000
    (killed.directory / "captured.ndjson").write_text(write(document), "utf-8")

    finished = run(
        killed.directory,
        laptop.without_network(RUN),
        EVENTS="captured.ndjson",
        **laptop.SETTINGS,
    )

    assert finished.code == 0, finished.said
    row = finished.row
    assert row["published"] == 1000
    assert row["unique"] == row["delivered"] == document.unique
    assert row["duplicates"] == document.duplicates
    assert row["quarantined"] == document.malformed
    for nothing in ("lost", "duplicate_effects", "rejected", "dead_lettered", "in_flight"):
        assert row[nothing] == 0, nothing


def test_a_hostile_day_loses_nothing_and_duplicates_nothing(tmp_path: Path) -> None:
    finished = run(tmp_path, FAULTS="hostile", SEED="7")

    assert finished.code == 0, finished.said
    row = finished.row
    assert row["unique"] == row["delivered"] + row["rejected"]
    assert row["unique"] > 500
    for nothing in ("lost", "duplicate_effects", "dead_lettered", "in_flight"):
        assert row[nothing] == 0, nothing
    assert {"crashed", "throttled"} <= row["faults"].keys(), "it was hostile"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"EVENTS": "nowhere.ndjson"}, "EVENTS=nowhere.ndjson cannot be read"),
        ({"FAULTS": "evil"}, "FAULTS=evil is unknown; it can be none, normal, hostile."),
        ({"SEED": "x"}, "SEED=x is no seed; it must be a whole number, 0 or more."),
        ({"SCENARIO": "x"}, "SCENARIO=x is unknown; it can be day"),
    ],
)
def test_a_wrong_choice_gives_one_sentence(
    tmp_path: Path, settings: Mapping[str, str], sentence: str
) -> None:
    finished = run(tmp_path, **settings)

    assert finished.code == 2
    assert finished.said.startswith(sentence)
    assert finished.said.count("\n") == 1


def test_a_second_run_in_one_folder_gives_one_sentence_and_leaves_the_first_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "out" / "stage").mkdir(parents=True)
    (tmp_path / "out" / "day.ndjson").write_text("the first run's")
    with (tmp_path / "out" / "stage" / "aws.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        finished = run(tmp_path, SEED="2")

    assert finished.code == 2
    assert "Another run uses" in finished.said
    assert "Traceback" not in finished.said
    assert (tmp_path / "out" / "day.ndjson").read_text() == "the first run's"


# Processes, from /proc: `ps` is not everywhere


def parents() -> dict[int, int]:
    """The parent of every process that lives (a zombie has ended)."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # it ended meanwhile
        if state != "Z":
            found[int(entry.name)] = int(parent)
    return found


def descendants(pid: int) -> frozenset[int]:
    found, tree = {pid}, parents()
    while more := {child for child, parent in tree.items() if parent in found} - found:
        found |= more
    return frozenset(found - {pid})


def alive(pids: frozenset[int]) -> set[int]:
    return set(pids) & set(parents())


def test_the_process_list_sees_a_child_while_it_lives() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        assert child.pid in descendants(os.getpid())
        assert alive(frozenset({child.pid})) == {child.pid}
    finally:
        child.kill()
        child.wait()
    assert alive(frozenset({child.pid})) == set()
