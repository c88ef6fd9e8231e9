"""Which tests run a line: those that never run it cannot see a mistake in it.

Each file of tests runs once without any mistake, in a process of its own, under coverage.py, which
tells its tests apart ("Measurement contexts", coverage.readthedocs.io).
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from tests.mistakes.planting import OPTIONS, PROJECT


@dataclass(frozen=True, slots=True)
class Ran:
    """What one file of tests ran, and how long that took (seconds)."""

    tests: str
    seconds: float
    #: by file of the product and line of it: the tests that ran it, as arguments of pytest; the
    #: file of tests itself for what was run outside of a test, at import or by a fixture
    lines: Mapping[tuple[str, int], frozenset[str]]


def measured(
    suites: Iterable[str], rooms: Iterable[str], say: Callable[[str], None]
) -> tuple[Ran, ...]:
    """What the tests of these folders and files ran in these rooms, the quickest first. Tests that
    fail without any mistake prove nothing: they are reported and left out."""
    files = [file for suite in suites for file in _files(PROJECT / suite)]
    include = ",".join(f"{room}/*" for room in rooms)
    done: list[Ran] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda tests: _ran(tests, include), files)
        for number, (tests, ran) in enumerate(zip(files, found, strict=True), 1):
            if ran is None:
                say(f"{number:3} of {len(files)}  fails without any mistake: {tests}")
                continue
            done.append(ran)
            say(f"{number:3} of {len(files)}  measured in {ran.seconds:4.0f} s  {ran.tests}")
    return tuple(sorted(done, key=lambda ran: ran.seconds))


def _files(suite: Path) -> list[str]:
    files = [suite] if suite.is_file() else sorted(suite.rglob("test_*.py"))
    return [file.relative_to(PROJECT).as_posix() for file in files]


def _ran(tests: str, include: str) -> Ran | None:
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "coverage"
        contexts = Path(folder) / "contexts.ini"
        contexts.write_text("[run]\ndynamic_context = test_function\n", encoding="utf-8")
        how = (f"--rcfile={contexts}", f"--include={include}", f"--data-file={data}")
        coverage = ("coverage", "run", "--concurrency=thread,greenlet", *how)
        command = ("-m", *coverage, "-m", "pytest", *OPTIONS, tests)
        done = subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return None
        found = CoverageData(str(data))
        found.read()
        lines = {
            (Path(file).relative_to(PROJECT).as_posix(), line): frozenset(
                _argument(tests, name) for name in names
            )
            for file in found.measured_files()
            for line, names in found.contexts_by_lineno(file).items()
        }
    return Ran(tests, time.perf_counter() - begun, lines)


def _argument(tests: str, context: str) -> str:
    """A context, `tests.unit.test_calls.test_one`, as an argument of pytest."""
    module = tests.removesuffix(".py").replace("/", ".")
    name = context.removeprefix(f"{module}.")
    return tests if name == context else f"{tests}::{name.replace('.', '::')}"
