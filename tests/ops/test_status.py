"""`relay status` says what needs a person, and nothing else; `relay` says what it could not do."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from lambdas.relay.genesys.breaker import Circuit, opened, rested
from lambdas.relay.genesys.pacing import Window
from ops import archives
from ops.__main__ import hoisted, main
from ops.attention import Entry
from ops.errors import OpsError, sentence
from ops.standing import Depth, Reading, judge
from tests.ops.conftest import Deployed, letter

NOW_MS = 1_800_000_000_000
EMPTY = Depth(0, 0, 0, 0, None, None)


def reading(**changes: Any) -> Reading:
    known: dict[str, Any] = {
        "depths": {"events": EMPTY, "writes": EMPTY},
        "attention": (),
        "window": Window(),
        "slots_allowed": 300,
        "circuits": {},
        "now_ms": NOW_MS,
    }
    return Reading(**{**known, **changes})


def entry(attention: str, due_s: int) -> Entry:
    return Entry(attention, "b", "OPEN", "journey", NOW_MS // 1000 + due_s)


def test_a_quiet_relay_needs_nobody() -> None:
    assert judge(reading()).troubles == []


def test_a_request_under_way_is_no_trouble_until_its_time_is_over() -> None:
    assert judge(reading(attention=[entry("overdue", 60)])).troubles == []
    assert judge(reading(attention=[entry("overdue", -60)])).overdue == 1


@pytest.mark.parametrize(
    ("changes", "section"),
    [
        ({"depths": {"writes": Depth(0, 0, 0, 2, None, None)}}, "DeadLetters"),
        ({"depths": {"writes": Depth(5, 0, 0, 0, 4000.0, None)}}, "Backlog"),
        ({"attention": [entry("review", 0)]}, "WaitingForPerson"),
        ({"attention": [entry("overdue", -1)]}, "Overdue"),
        ({"circuits": {"journey": opened(Circuit(), NOW_MS)}}, "GenesysFailing"),
        ({"circuits": {"journey": opened(Circuit(), NOW_MS - 3_600_000)}}, "GenesysFailing"),
        ({"circuits": {"journey": rested(Circuit(), NOW_MS + 60_000)}}, "GenesysFailing"),
    ],
)
def test_each_trouble_names_its_section_of_the_runbook(
    changes: dict[str, Any], section: str
) -> None:
    (trouble,) = judge(reading(**changes)).troubles

    assert f"unbook: {section}" in trouble


def test_a_breaker_that_has_closed_is_no_trouble() -> None:
    assert judge(reading(circuits={"journey": Circuit()})).troubles == []


def test_slots_of_a_window_that_is_over_are_not_shown_as_used() -> None:
    window = Window(number=1, ends_at_ms=NOW_MS + 10, leased=40)

    assert reading(window=window).slots_used == 40
    assert reading(window=window, now_ms=NOW_MS + 20).slots_used == 0


def test_status_reads_a_relay_and_its_exit_code_says_whether_to_act(
    relay: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.standing._ages", lambda _relay: {})
    assert main(["status"]) == 0
    assert "Nothing needs you." in capsys.readouterr().out

    letter(relay, "checks", "x")

    assert main(["status", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["queues"]["checks"]["dead"] == 1


def test_options_may_stand_behind_the_command() -> None:
    given = ["trace", "x", "--json", "--region", "eu-west-1", "--environment=prod", "--", "--json"]

    assert hoisted(given) == [
        "--json", "--region", "eu-west-1", "--environment=prod", "trace", "x", "--", "--json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NoCredentialsError(), "--profile"),
        (NoRegionError(), "--region"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "Query"), "sign in again"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "Query"), "role"),
        (OpsError("as it is"), "as it is"),
    ],
)
def test_an_expected_error_is_a_sentence_with_a_remedy(error: Exception, word: str) -> None:
    assert word in sentence(error)


def test_without_an_environment_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELAY_ENVIRONMENT", raising=False)

    assert main(["status"]) == 2
    assert "Which environment?" in capsys.readouterr().err


def test_without_a_run_local_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    assert main(["status", "--local", "--endpoint-file", str(tmp_path / "none.json")]) == 2
    assert "make run" in capsys.readouterr().err


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "word"),
    [
        (NOW - HOUR, NOW - 2 * HOUR, "earlier than"),
        (NOW - HOUR, NOW, "behind"),
        (NOW - 40 * 24 * HOUR, NOW - HOUR, "manual review"),
    ],
)
def test_a_replay_that_would_be_useless_or_harmful_is_refused(
    since: datetime, until: datetime, word: str
) -> None:
    with pytest.raises(OpsError, match=word):
        archives.check(since, until, NOW)


def test_a_replay_of_yesterday_is_allowed() -> None:
    archives.check(NOW - 24 * HOUR, NOW - 23 * HOUR, NOW)


def test_times_without_a_zone_are_utc() -> None:
    assert archives.moment("2026-11-21T12:00") == NOW
    with pytest.raises(OpsError, match="say it like"):
        archives.moment("noon")
