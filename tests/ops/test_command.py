"""`bin/relay`: the caller's folder, the project's own interpreter, or one sentence."""

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ops.test_try import ENVIRONMENT
from tests.unit.simulated import envelope

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60


def run(
    command: Path, *arguments: str, within: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(command), *arguments], cwd=within, env={"PATH": os.environ["PATH"]} | settings,
        check=False, capture_output=True, text=True, timeout=TIMEOUT_S,
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project with nothing installed."""
    root = tmp_path / "a project"
    (root / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "relay", root / "bin" / "relay")
    return root


def test_before_anything_is_installed_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    done = run(checkout / "bin" / "relay", "status", within=tmp_path)

    assert done.returncode == 2
    assert "run make setup" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_is_the_projects_program_in_the_callers_folder_also_through_links(
    checkout: Path, tmp_path: Path
) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    here, link, second = tmp_path / "here", tmp_path / "relay", tmp_path / "here" / "relay"
    here.mkdir()
    link.symlink_to(checkout / "bin" / "relay")
    second.symlink_to(Path("..") / "relay")

    done = run(second, "trace", "two words", within=here)

    told = [str(here), str(checkout), "-P", "-m", "ops", "trace", "two words"]
    assert done.stdout.splitlines() == told


def test_files_are_the_callers_and_programs_are_not(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(ENVIRONMENT)
    (tmp_path / "event.json").write_text(envelope(1, mood="good"))
    (tmp_path / "json.py").write_text("raise SystemExit('this is not the relay')")

    arguments = ("try", "-e", "mine.toml", "--event", "event.json")
    done = run(ROOT / "bin" / "relay", *arguments, within=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"note": "good"' in done.stdout


def test_the_users_python_settings_have_no_effect(tmp_path: Path) -> None:
    theirs = {"PYTHONHOME": "/usr/somewhere", "PYTHONINSPECT": "1", "PYTHONPATH": "/their/packages"}

    done = run(ROOT / "bin" / "relay", "--version", within=tmp_path, **theirs)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("where", "code", "says"),
    [("/dev/full", 2, "[Errno 28] No space left on device\n"), ("&-", 0, "")],
)
@pytest.mark.parametrize("asked", ["--help", "cost --events-per-month 1000 -e example"])
def test_what_cannot_be_written_gives_at_most_a_sentence(
    where: str, code: int, says: str, asked: str
) -> None:
    """A full disk, and no standard output at all, as some schedulers start a program."""
    command = f"{shlex.quote(str(ROOT / 'bin' / 'relay'))} {asked} >{where}"

    done = subprocess.run(
        ["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False
    )

    assert (done.returncode, done.stderr) == (code, says)


def test_ctrl_c_at_the_start_gives_no_traceback() -> None:
    """Ctrl-C while Python and the program begin (ms after): ignored, or a silent end."""
    for sent_after in range(40, 700, 60):
        command = [str(ROOT / "bin" / "relay"), "status", "--local", "--endpoint-file", "none"]
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        with suppress(subprocess.TimeoutExpired):  # a fast machine is done before
            running.wait(sent_after / 1000)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=TIMEOUT_S)

        assert "Traceback" not in said
        assert running.returncode in (1, 2, -signal.SIGINT)


def test_an_environments_name_means_the_projects_wherever_the_caller_is(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(envelope(1))

    arguments = ("try", "-e", "example", "--event", "event.json")
    done = run(ROOT / "bin" / "relay", *arguments, within=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
