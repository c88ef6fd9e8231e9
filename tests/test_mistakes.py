"""The list of planted mistakes fits the code, and planting tells caught from survived."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from tests.mistakes import planting
from tests.mistakes.lines import measured
from tests.mistakes.planting import PROJECT, Copies, Mistake, copied, judge, mistakes, mistyped
from tests.mistakes.sampling import Objectors, equivalents, excused, objectors, slips_of

LISTED = mistakes()
HARMLESS = Mistake(
    name="nothing at all",
    file="lambdas/relay/kernel/backoff.py",
    old="import math\n",
    new="import math  # as ever\n",
    tests=("tests/unit/test_backoff.py",),
)
BAD = next(each for each in LISTED if each.name == "a wait can be none")


@pytest.mark.parametrize("mistake", LISTED, ids=lambda each: str(each.name))
def test_it_can_be_planted_and_changes_something(mistake: Mistake) -> None:
    text = (PROJECT / mistake.file).read_text(encoding="utf-8")

    assert mistake.planted_in(text) != text
    assert mistake.tests
    assert all((PROJECT / test.split("::")[0]).exists() for test in mistake.tests)


def test_they_cover_the_whole_product_and_none_is_there_twice() -> None:
    assert len({each.name for each in LISTED}) == len(LISTED)
    rooms = {"/".join(Path(each.file).parts[:2]) for each in LISTED}
    assert {"lambdas/adapters", "lambdas/relay", "stacks/alarms.py", "stacks/queues.py"} <= rooms


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("mistakes"))


def test_a_mistake_is_caught_by_its_tests(copy: Path) -> None:
    assert judge(BAD, copy) == "caught"


def test_what_changes_nothing_survives(copy: Path) -> None:
    assert judge(HARMLESS, copy) == "survived"


def test_tests_that_are_not_there_catch_nothing(copy: Path) -> None:
    assert judge(replace(BAD, tests=("tests/unit/test_nothing.py",)), copy) == "not run"


def test_each_mistake_has_its_own_copy(tmp_path: Path) -> None:
    """Two in one copy would be one mistake, and the first to end would remove both."""
    copies, planted = Copies(tmp_path), list(range(3 * (os.cpu_count() or 1)))
    together = Barrier(os.cpu_count() or 1)

    def judged(_: int, copy: Path) -> Path:
        assert (copy / "lambdas").is_dir()
        together.wait()  # all copies are in use
        return copy

    told = list(copies.each(planted, judged))

    assert [(number, one) for number, one, _ in told] == list(enumerate(planted, 1))
    assert len({copy for *_, copy in told}) == (os.cpu_count() or 1)


def test_a_mistake_that_never_ends_is_caught(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planting, "LIMITED", ("sh", "-c", 'ulimit -S -t 4 && exec "$@"', "sh"))

    assert judge(replace(BAD, new="while True: pass"), copy) == "caught"


def test_the_type_checker_objects_as_well(copy: Path) -> None:
    text = (PROJECT / BAD.file).read_text(encoding="utf-8")

    assert mistyped(BAD.file, text.replace(BAD.old, "return None"), copy)
    assert not mistyped(BAD.file, text, copy)
    assert (copy / BAD.file).read_text(encoding="utf-8") == text


def test_a_text_that_is_nowhere_is_reported() -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        replace(BAD, old="nowhere to be found").planted_in("something else")


def test_a_slip_is_tried_by_the_tests_that_run_its_line_the_nearest_first() -> None:
    suites = ("tests/unit/test_backoff.py", "tests/unit/test_time_format.py")
    said: list[str] = []
    ran = measured(suites, ("lambdas",), said.append)
    slips = [slip for slip in slips_of("lambdas/relay/kernel/backoff.py") if slip.kind == "return"]

    assert slips
    for slip in slips:
        by = objectors(slip, ran)
        assert by.nearest
        assert all(test.startswith("tests/unit/test_backoff.py::test_") for test in by.nearest)
        others = objectors(slip, [each for each in ran if "backoff" not in each.tests])
        assert others == Objectors((), (), ())
    assert len(said) == len(suites)


def test_what_runs_at_import_is_tried_by_whole_files() -> None:
    ran = measured(("tests/unit/test_backoff.py",), ("lambdas",), print)
    slip = next(slips_of("lambdas/relay/kernel/limits.py"))
    assert objectors(slip, ran) == Objectors(("tests/unit/test_backoff.py",), (), ())


def test_tests_that_fail_without_a_mistake_prove_nothing() -> None:
    said: list[str] = []

    assert not measured(("tests/unit/batches.py",), ("lambdas",), said.append)
    assert said == ["  1 of 1  fails without any mistake: tests/unit/batches.py"]


@pytest.mark.parametrize("file", ["relay/functions/write.py", "adapters/http.py"])
def test_a_slip_is_in_the_innermost_statement(file: str) -> None:
    slips = list(slips_of(f"lambdas/{file}"))

    assert slips
    assert all(slip.line in slip.statement for slip in slips)
    assert max(len(slip.statement) for slip in slips) < 20


def test_no_slip_is_in_a_classs_decorator() -> None:
    """Whether a class is frozen shows in nothing that a test could see."""
    file = "lambdas/relay/messages/sealing.py"
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()

    slips = list(slips_of(file))

    assert slips
    assert not any(lines[slip.line - 1].startswith("@dataclass") for slip in slips)


def test_every_slip_that_is_said_to_change_nothing_can_be_made() -> None:
    assert all(equivalents().values())


@pytest.mark.parametrize(
    ("slip", "times", "found"),
    [
        ("lambdas/adapters/http.py constant: 1 -> 2", {}, 2),
        ("lambdas/adapters/http.py constant: 1 -> 2", {"times": 3}, 2),
        ("lambdas/adapters/http.py constant: 7 -> 8", {}, 0),
    ],
)
def test_an_entry_excuses_as_many_slips_as_it_says(
    slip: str, times: dict[str, int], found: int
) -> None:
    with pytest.raises(ValueError, match=f"is in its file {found} times, not"):
        excused({"slip": slip, "why": "x", **times})

    if found:
        assert excused({"slip": slip, "why": "x", "times": found}) == (slip, "x")
