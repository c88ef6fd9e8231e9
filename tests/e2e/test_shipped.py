"""`make run SCENARIO=shipped`: the shipped configuration, after `relay setup journey`, on the
embedded AWS. The scenario itself reads every customer's timeline and every refusal."""

from pathlib import Path

from demo.run.shipped import EVENTS
from tests.e2e.test_run import run


def test_every_timeline_is_in_order_and_nothing_is_refused(tmp_path: Path) -> None:
    finished = run(tmp_path, SCENARIO="shipped")

    assert finished.code == 0, finished.said
    assert "The scenario found everything as it must be." in finished.said
    row = finished.row
    assert EVENTS == 200
    assert row["shipped"] == {"journey-external-events": EVENTS, "participant-attributes": EVENTS}
    assert row["violations"] == 0
