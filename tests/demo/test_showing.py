"""What a run shows while it goes on and when it is over."""

import io

import pytest
from rich.console import Console

from demo.run import __main__ as run
from demo.run.showing import Show, sparks


@pytest.fixture
def shown() -> tuple[Show, io.StringIO]:
    written = io.StringIO()
    return Show(Console(file=written, width=80)), written


def test_every_step_says_when_it_begins_and_how_long_it_took(
    shown: tuple[Show, io.StringIO],
) -> None:
    show, written = shown

    show.step("starting one thing")
    show.step("starting another")
    with show.progress("publishing"):
        assert [text for text, _ in show.steps] == ["starting one thing", "starting another"]

    assert [text for text, _ in show.steps] == [
        "starting one thing", "starting another", "publishing"
    ]  # fmt: skip
    lines = written.getvalue().splitlines()
    assert lines[0] == "starting one thing ..."
    assert lines[1].startswith("✓ starting one thing ")
    assert lines[1].endswith(" s")
    assert len(lines) == 6


def test_a_held_run_is_ended_by_whoever_has_seen_enough(
    shown: tuple[Show, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("demo.run.__main__.time.sleep", interrupted)

    run._hold(600, shown[0])

    assert "or until Ctrl-C" in shown[1].getvalue()


@pytest.mark.parametrize(("values", "drawn"), [([], ""), ([0, 1], " █"), ([4, 8], "▄█")])
def test_what_waits_is_drawn_against_its_highest(values: list[int], drawn: str) -> None:
    assert sparks(values).strip("\n").endswith(drawn)
