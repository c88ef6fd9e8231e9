"""What the worlds are excused from running: it is there, and so are the tests that run it."""

from pathlib import Path

import pytest

from simulation.lines import REACHED_BY_TESTS, protocol

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("function", "line"), REACHED_BY_TESTS)
def test_what_no_world_reaches_stands_in_the_protocol(function: str, line: str) -> None:
    assert any(name == function and text.startswith(line) for _, name, text in protocol())


@pytest.mark.parametrize("tests", sorted(set(REACHED_BY_TESTS.values())))
def test_and_the_tests_that_are_named_for_it_are_there(tests: str) -> None:
    assert (ROOT / tests).is_file()
