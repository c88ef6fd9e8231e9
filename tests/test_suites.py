"""`make test` says which suite it is in."""

import subprocess
import sys
from itertools import count
from pathlib import Path

from tests.suites import Suites

ROOT = Path(__file__).resolve().parent.parent


def test_a_suite_is_named_when_it_begins_and_when_it_is_done() -> None:
    said: list[str] = []
    suites = Suites(said.append, count(0, 10).__next__)
    tests = [
        "tests/unit/test_a.py::test_1",
        "tests/ops/x/test_b.py::test_2[a/b]",
        "tests/test_c.py::x",
    ]
    suites.expect([*tests, "tests/unit/test_a.py::test_3"])

    for test in tests:
        suites.pytest_runtest_logstart(test)
    for test in tests:
        suites.pytest_runtest_logfinish(test)

    assert said == [
        "tests/unit begins: 2 to run",
        "tests/ops begins: 1 to run",
        "tests begins: 1 to run",
        "tests/ops is done after 20 s",
        "tests is done after 20 s",
    ]


def test_one_suite_alone_is_not_named() -> None:
    said: list[str] = []
    suites = Suites(said.append, count().__next__)
    suites.expect(["tests/unit/test_a.py::test_1"])
    suites.pytest_runtest_logstart("tests/unit/test_a.py::test_1")
    suites.pytest_runtest_logfinish("tests/unit/test_a.py::test_1")

    assert said == []


def test_suites_are_named_with_several_processes_too(tmp_path: Path) -> None:
    """As `make test` calls it, with this project's own tests/conftest.py."""
    for suite in ("one", "two"):
        (tmp_path / "tests" / suite).mkdir(parents=True)
        (tmp_path / "tests" / suite / f"test_{suite}.py").write_text("def test_it(): pass\n")
    (tmp_path / "tests" / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.conftest import pytest_configure\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "--rootdir", tmp_path, "tests"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    for suite in ("one", "two"):
        assert f"tests/{suite} begins: 1 to run" in done.stdout
        assert f"tests/{suite} is done after " in done.stdout
