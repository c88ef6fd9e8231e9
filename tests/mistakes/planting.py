"""Plants one mistake in a copy of the project and runs the tests that are said to catch it."""

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, TypeVar

PROJECT = Path(__file__).parents[2]
#: what is installed or built is shared with the copy, or not needed in it; bytecode is: it belongs
#: to the times of its sources, which are copied as well
SHARED = (".venv", ".venv-emulator", "node_modules")
LEFT_OUT = (*SHARED, ".git", "out", "cdk.out", ".mypy_cache", ".hypothesis")
OPTIONS = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider")
#: the exit code of pytest when a test failed (docs.pytest.org, "Exit codes"), and of mypy when it
#: found errors; any other except 0 says that they could not be run
FAILED = 1
#: processor time that tests may take; those that take more hang because of the mistake
CPU_MAX_S = 600
#: a mistake may never come to an end; processor time, for the machine may be busy
LIMITED = ("sh", "-c", f'ulimit -S -t {CPU_MAX_S} && exec "$@"', "sh")

Verdict = Literal["caught", "survived", "not run"]
Planted = TypeVar("Planted")
Judged = TypeVar("Judged")


@dataclass(frozen=True, slots=True)
class Mistake:
    name: str
    file: str
    #: occurs once in the file
    old: str
    new: str
    #: arguments of pytest
    tests: tuple[str, ...]

    def planted_in(self, text: str) -> str:
        """Raises ValueError unless the old text occurs exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: its text stands {found} times in {self.file}, not once")
        return text.replace(self.old, self.new)


def mistakes() -> list[Mistake]:
    """Those of mistakes.toml; those of teams.toml, in what teams ask for; those of deployed.toml,
    which only a real account would show; those of audited.toml, which an auditor would find; those
    of small.toml, from a random sample."""
    rows = [
        row
        for name in ("mistakes.toml", "teams.toml", "small.toml", "deployed.toml", "audited.toml")
        for row in tomllib.loads((Path(__file__).parent / name).read_text("utf-8"))["mistake"]
    ]
    return [Mistake(**{**row, "tests": tuple(row["tests"])}) for row in rows]


class Copies:
    """A copy of the project for each processor, since a mistake needs its own."""

    def __init__(self, folder: Path) -> None:
        self._count = os.cpu_count() or 1
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(self._count):
            self._free.put(copied(folder / str(number)))

    def each(
        self, planted: Sequence[Planted], judged: Callable[[Planted, Path], Judged]
    ) -> Iterator[tuple[int, Planted, Judged]]:
        """The number of each, the mistake, and what became of it, in order."""
        with ThreadPoolExecutor(self._count) as pool:
            verdicts = pool.map(lambda one: self._with_a_copy(one, judged), planted)
            for number, (one, verdict) in enumerate(zip(planted, verdicts, strict=True), 1):
                yield number, one, verdict

    def _with_a_copy(self, one: Planted, judged: Callable[[Planted, Path], Judged]) -> Judged:
        copy = self._free.get()
        try:
            return judged(one, copy)
        finally:
            self._free.put(copy)


def copied(to: Path) -> Path:
    """A copy of the project to plant mistakes in."""
    copy = to / "project"
    shutil.copytree(PROJECT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in SHARED:
        (copy / name).symlink_to((PROJECT / name).resolve())
    return copy


def judge(mistake: Mistake, copy: Path) -> Verdict:
    """Whether a test catches it; leaves the copy as it was. Raises ValueError."""
    text = (copy / mistake.file).read_text(encoding="utf-8")
    return tried(mistake.file, mistake.planted_in(text), mistake.tests, copy)


def tried(file: str, planted: str, tests: Sequence[str], copy: Path) -> Verdict:
    """What tests say about a file with this text; leaves the copy as it was."""
    code = _exit_code(file, planted, ("pytest", *OPTIONS, *tests), copy)
    if code in (FAILED, -signal.SIGXCPU):
        return "caught"
    return "survived" if code == 0 else "not run"


def mistyped(file: str, planted: str, copy: Path) -> bool:
    """Whether the type checker objects to a file with this text, as in `make check`; leaves the
    copy as it was."""
    return _exit_code(file, planted, ("mypy", "--strict", file), copy) == FAILED


def _exit_code(file: str, planted: str, command: Sequence[str], copy: Path) -> int:
    """Of a module of Python, run in the copy while the file has this text."""
    place = copy / file
    text = place.read_text(encoding="utf-8")
    place.write_text(planted, encoding="utf-8")
    try:
        return subprocess.run(
            [*LIMITED, sys.executable, "-m", *command],
            cwd=copy,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    finally:
        place.write_text(text, encoding="utf-8")
