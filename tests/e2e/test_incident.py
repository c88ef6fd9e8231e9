"""`make run SCENARIO=incident`: alarms, commands and runbook lead to cause and repair."""

from pathlib import Path

import pytest

from tests.e2e.test_run import Finished, run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incident")


@pytest.fixture(scope="module")
def night(directory: Path) -> Finished:
    return run(directory, SCENARIO="incident")


def test_every_event_took_effect_once_when_the_night_is_over(night: Finished) -> None:
    assert night.code == 0, night.said
    assert night.row["delivered"] == night.row["unique"]
    assert (night.row["rejected"], night.row["dead_lettered"]) == (0, 0)


def test_the_alarms_rang_in_their_order(night: Finished) -> None:
    assert night.row["alarms"] == ["GenesysFailing", "WaitingForPerson"]
    assert night.row["faults"]["outage"] > 0


def test_the_commands_led_from_the_alarm_to_the_repair(night: Finished) -> None:
    places = [
        night.said.index(said)
        for said in (
            "ALARM GenesysFailing",
            "Genesys gives no token: 503",
            "Genesys gives no token: 401",
            "checks found nothing wrong",
            "ALARM WaitingForPerson",
            "poison-pill",
            "it is sent again as request",
            "Nothing needs attention.",
        )
    ]

    assert places == sorted(places)


def test_the_report_describes_the_night(night: Finished, directory: Path) -> None:
    page = (directory / "out" / "report.html").read_text("utf-8")

    assert "Every event took effect once; nothing is lost." in page
    assert "Genesys goes down" in page
    assert "answered 503 (outage)" in page
