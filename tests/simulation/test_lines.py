"""The lines that no world has to run: they exist, and so do the tests that run them."""

from pathlib import Path

import pytest

from simulation.lines import REACHED_BY_TESTS, protocol

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("function", "line"), REACHED_BY_TESTS)
def test_what_no_world_reaches_is_in_the_protocol(function: str, line: str) -> None:
    assert any(name == function and text.startswith(line) for _, name, text in protocol())


@pytest.mark.parametrize("tests", sorted(set(REACHED_BY_TESTS.values())))
def test_and_the_tests_that_are_named_for_it_exist(tests: str) -> None:
    assert (ROOT / tests).is_file()
