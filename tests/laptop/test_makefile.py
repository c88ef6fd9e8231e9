"""Installing, on real machines: somebody's own environment, a moved folder, another
Python, two commands at once."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = f"Python {sys.version.split()[0]}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with blanks, a non-ASCII letter, and characters special to shells."""
    here = tmp_path / "mein Ordner ü (Kopie 2), it's 100 %"
    here.mkdir()
    for name in ("Makefile", "requirements.txt", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, here)
    return here


def make(checkout: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    ours = ("MAKE", "UV_CACHE_DIR", "JSII_")  # of the make that runs the tests
    environ = {k: v for k, v in os.environ.items() if not k.startswith(ours)} | settings
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=environ, capture_output=True, text=True, check=False
    )


def environment(checkout: Path, stamp: str | None) -> Path:
    """A finished environment, as far as make looks at it."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    if stamp is not None:
        (checkout / ".venv" / ".installed").write_text(f"{stamp}\n")
    return checkout / ".venv"


def test_somebodys_own_environment_is_left_alone_and_named(checkout: Path) -> None:
    own = environment(checkout, None)
    (own / "precious").touch()

    done = make(checkout, "installed")

    assert done.returncode != 0
    assert "There is a .venv here that this project did not make" in done.stderr
    assert (own / "precious").exists()


def test_a_complete_environment_is_not_installed_again(checkout: Path) -> None:
    environment(checkout, f".venv in {checkout} by {PYTHON}")

    done = make(checkout, "--dry-run", ".venv/.installed")

    assert "Installing" not in done.stdout


@pytest.mark.parametrize(
    "stamp", [f".venv in /somewhere/else by {PYTHON}", ".venv in {here} by Python 3.11.0", ""]
)
def test_one_that_was_moved_or_has_another_python_is_made_again(checkout: Path, stamp: str) -> None:
    environment(checkout, stamp.format(here=checkout))

    done = make(checkout, "--dry-run", ".venv/.installed")

    assert "Installing the Python packages" in done.stdout


def test_somebody_s_settings_of_python_stay_outside(checkout: Path) -> None:
    theirs = {
        "PYTHONHOME": "/usr/somewhere",
        "PYTHONPATH": "/their/packages",
        "PYTHONSAFEPATH": "1",
        "PYTHONINSPECT": "1",
        "PYTHONOPTIMIZE": "2",
    }

    done = make(checkout, "--eval=told: ; @env", "told", **theirs, PYTHON="python3")

    told = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert "PYTHON" in told, "which one to use is said so"
    assert told & theirs.keys() == set()


def test_no_cache_is_in_the_home(checkout: Path) -> None:
    done = make(checkout, "--eval=told: ; @env", "told", HOME="/nowhere")

    inside = [f"{checkout}/.venv/{name}-cache" for name in ("uv", "jsii")]
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert [told["UV_CACHE_DIR"], told["JSII_RUNTIME_PACKAGE_CACHE_ROOT"]] == inside


@pytest.mark.parametrize("target", ["bootstrap", "deploy", "diff", "policy", "acceptance"])
def test_a_pipelines_arguments_reach_the_command(checkout: Path, target: str) -> None:
    said = ["ENVIRONMENT=production", "ARGS=--profile prod --yes"]

    done = make(checkout, "--dry-run", "--old-file=setup", target, *said)

    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("--profile prod --yes")


def test_the_templates_second_judges_are_part_of_the_check(checkout: Path) -> None:
    done = make(checkout, "--dry-run", "--old-file=setup", "check")

    assert "pytest" in done.stdout
    for judge in ("test_lint.py", "test_nag.py"):
        assert f"tests/stacks/{judge}" in done.stdout
        assert (ROOT / "tests" / "stacks" / judge).exists()


def test_the_second_of_two_commands_waits_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "alone", tmp_path / "bin")
    command = [sys.executable, str(tmp_path / "bin" / "alone"), "echo", "done"]
    with (tmp_path / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
    said, _ = second.communicate()

    assert (second.returncode, said) == (0, "done\n")


def test_a_clone_made_on_windows_keeps_the_line_ends_that_shells_and_hashes_need(
    tmp_path: Path,
) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "original" / "bin").mkdir(parents=True)
    for name in (".gitattributes", "Makefile", "requirements.txt", "bin/alone"):
        shutil.copy(ROOT / name, tmp_path / "original" / name)
    git("init", "--quiet", "original")
    git("-C", "original", "add", "--all")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git("-C", "original", *who, "commit", "--quiet", "--message=all")

    git("-c", "core.autocrlf=true", "clone", "--quiet", "original", "clone")

    for name in ("Makefile", "requirements.txt", "bin/alone"):
        assert b"\r" not in (tmp_path / "clone" / name).read_bytes(), name
