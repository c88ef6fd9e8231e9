"""`relay status` says what needs a person, and nothing else; `relay` says what it could not do."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from lambdas.relay.functions.alert import Deps, alarm_name, alert
from lambdas.relay.genesys.circuit_breaker import Circuit, opened, rested
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.review.cases import park
from ops import archives
from ops.__main__ import hoisted, main
from ops.attention import Entry
from ops.connection import CLOCK
from ops.errors import OpsError, sentence
from ops.health import judge
from ops.reading import Audited, Depth, Reading, Reconciled, Ringing
from ops.review_cases import Quarantined
from ops.screen import Screen
from ops.status import watch
from tests.ops.conftest import Deployed, dead_letter_in
from tests.unit.test_alert import Reader, changed
from tests.unit.tracked import request

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
EMPTY = Depth(0, 0, 0, 0, None, None)


def reading(**changes: Any) -> Reading:
    known: dict[str, Any] = {
        "depths": {"events": EMPTY, "writes": EMPTY},
        "attention": (),
        "window": Window(),
        "slots_allowed": 300,
        "circuits": {},
        "quarantine": (),
        "alarms": (),
        "reconciled": Reconciled(NOW_MS - 600_000, {}),
        "audited": None,
        "is_scheduled": True,
        "version": "code 1",
        "now_ms": NOW_MS,
    }
    return Reading(**{**known, **changes})


def entry(attention: str, due_s: int) -> Entry:
    return Entry(attention, "b", "OPEN", "journey", NOW_MS // 1000 + due_s)


def test_a_quiet_relay_needs_nobody_to_look() -> None:
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
        ({"quarantine": [Quarantined("q", NOW_MS - 1)]}, "WaitingForPerson"),
        ({"alarms": [Ringing("Backlog", NOW_MS, "Runbook: Backlog")]}, "Backlog"),
        ({"reconciled": None}, "ReconcileFailing"),
        ({"reconciled": Reconciled(NOW_MS - 3_600_000, {})}, "ReconcileFailing"),
        ({"audited": Audited(NOW_MS, 0, NOW_MS, 3, 2)}, "MissingConversations"),
        ({"audited": Audited(NOW_MS - 2 * DAY_MS, 0, NOW_MS - 2 * DAY_MS, 0, 0)}, "AuditFailing"),
        ({"audited": Audited(NOW_MS, 0, NOW_MS - 2 * DAY_MS, 0, 0)}, "AuditFailing"),
        ({"circuits": {"journey": opened(Circuit(), NOW_MS)}}, "GenesysFailing"),
        ({"circuits": {"journey": opened(Circuit(), NOW_MS - 3_600_000)}}, "GenesysFailing"),
        ({"circuits": {"journey": rested(Circuit(), NOW_MS, 60)}}, "GenesysFailing"),
    ],
)
def test_each_trouble_names_its_section_of_the_runbook(
    changes: dict[str, Any], section: str
) -> None:
    (trouble,) = judge(reading(**changes)).troubles

    assert f"unbook: {section}" in trouble


def test_an_audit_that_found_nothing_is_no_trouble() -> None:
    for behind_ms in (3_600_000, DAY_MS):
        audited = Audited(NOW_MS - DAY_MS, 0, NOW_MS - DAY_MS - behind_ms, 0, 0)
        assert judge(reading(audited=audited)).troubles == []


def test_a_breaker_that_has_closed_is_no_trouble() -> None:
    assert judge(reading(circuits={"journey": Circuit()})).troubles == []


def test_slots_of_a_window_that_is_over_are_not_shown_as_used() -> None:
    window = Window(number=1, ends_at_ms=NOW_MS + 10, leased=40)

    assert reading(window=window).slots_used == 40
    assert reading(window=window, now_ms=NOW_MS + 20).slots_used == 0


def test_if_nothing_is_scheduled_nothing_is_missed() -> None:
    assert judge(reading(reconciled=None, is_scheduled=False)).troubles == []


def test_every_case_of_every_kind_is_named() -> None:
    standing = judge(
        reading(
            attention=[entry("review", -5), entry("overdue", -7), entry("overdue", 7)],
            quarantine=[Quarantined("q", NOW_MS - 9)],
        )
    )

    assert [(case.kind, case.name, case.since_ms) for case in standing.cases] == [
        ("review", "b", NOW_MS - 5_000),
        ("overdue", "b", NOW_MS - 7_000),
        ("quarantine", "q", NOW_MS - 9),
    ]


@pytest.mark.parametrize(
    ("physical", "name"),
    [
        ("genesys-relay-prod-MonitoringDeadLetters1A2B3C4D-Zx8PpQ1", "DeadLetters"),
        ("genesys-relay-prod-MonitoringWaitingForPersonDEADBEEF-1", "WaitingForPerson"),
        ("genesys-relay-prod-MonitoringOverdue00000000", "Overdue"),
        ("somebody's own", "somebody's own"),
    ],
)
def test_an_alarm_has_the_name_of_its_section(physical: str, name: str) -> None:
    assert alarm_name(physical) == name


@pytest.fixture
def seen(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setattr("ops.reading._ages", lambda _relay: {})
    return relay


def told(capsys: pytest.CaptureFixture[str], code: int) -> Any:
    assert main(["status", "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_last_daily_audit_is_read_from_its_log(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    now_ms = CLOCK.now_ms()
    since_ms, until_ms = now_ms - 3 * DAY_MS, now_ms - 3_600_000
    seen.audited(now_ms - 10, since_ms=since_ms, until_ms=until_ms, missing=0)
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert f"nothing is missing, {iso(since_ms)} to {iso(until_ms)}" in shown

    seen.audited(now_ms, since_ms=since_ms, until_ms=until_ms, missing=12, missing_conversations=2)
    found = told(capsys, 1)
    assert (found["audited"]["missing"], found["audited"]["missing_conversations"]) == (12, 2)
    assert "12 events of 2 conversations never arrived" in found["troubles"][0]


def test_a_quiet_relay_says_so_and_exits_with_0(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 0
    said = capsys.readouterr().out

    assert "Nothing needs attention." in said
    assert "code 1a2b3c, deployed" in said
    assert "ago: redriven 2" in said


def test_a_dead_letter_needs_somebody(seen: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    dead_letter_in(seen, "checks", "x")

    assert told(capsys, 1)["queues"]["checks"]["dead"] == 1


def test_an_unreadable_message_needs_somebody_for_as_long_as_it_waits(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.dumps({"reason": "no JSON", "at_ms": 1, "message": "{"})
    seen.vault.keep("quarantine/abcdefgh.json", document)

    answer = told(capsys, 1)
    assert (answer["quarantined"], answer["cases"][0]["id"]) == (1, "abcdefgh")
    assert main(["status"]) == 1
    said = capsys.readouterr().out
    assert "Nothing needs attention." not in said
    assert "abcdefgh" in said

    seen.vault.discard("quarantine/abcdefgh.json")
    assert told(capsys, 0)["cases"] == []


def test_an_alarms_message_says_of_what_waits_what_status_says(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    unreadable = json.dumps({"reason": "no JSON", "at_ms": 1, "message": "{"})
    seen.vault.keep("quarantine/abcdefghij.json", unreadable)
    reader, ledger, vault, why = Reader(), seen.ledger, seen.vault, Code.QUOTED("400")
    for conversation, ago_ms in (("c-1", 60_000), ("c-2", 90_000)):
        since_ms = CLOCK.now_ms() - ago_ms
        batch = request(conversation)
        park(batch, "MANUAL_REVIEW", why, ledger=ledger, vault=vault, now_ms=since_ms)

    alert(changed("WaitingForPerson"), Deps(ledger, vault, CLOCK, reader))

    ((_, text),) = reader.heard
    assert told(capsys, 1)["troubles"] == text.split("\n")[3:]


def test_an_alarm_that_rings_needs_somebody_and_names_its_section(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{seen.stack}-MonitoringContradictions1A2B3C4D-X"
    for stack in (seen.stack, f"{seen.stack}ing"):  # another environment's is not ours
        seen.cloudwatch.put_metric_alarm(
            AlarmName=name.replace(seen.stack, stack),
            AlarmDescription="Look. Runbook: docs/runbook.md#contradictions",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="x",
            Namespace="y",
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )
        seen.cloudwatch.set_alarm_state(
            AlarmName=name.replace(seen.stack, stack), StateValue="ALARM", StateReason="it is so"
        )

    answer = told(capsys, 1)
    assert [alarm["name"] for alarm in answer["alarms"]] == ["Contradictions"]
    assert "docs/runbook.md#contradictions" in answer["troubles"][0]

    seen.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="it is over")
    assert told(capsys, 0)["alarms"] == []


def test_watching_looks_again_until_it_is_ended_and_exits_like_the_last_look(
    seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        dead_letter_in(seen, "checks", "x")

    assert not watch(seen, Screen(as_json=False), pause)
    said = capsys.readouterr().out
    assert said.index("Nothing needs attention.") < said.index("Dead letters: 1 in checks-dead")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--jsn"],
        ["trace"],
        ["nothing"],
        ["dead-letters", "list", "--most", "x"],
        ["list", "--topic"],
        ["review"],
        [],
    ],
)
def test_a_usage_error_is_json_for_whoever_asked_for_json(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", *arguments]) == 2
    assert "\n" not in json.loads(capsys.readouterr().err)["error"]
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(("Usage: ", "Error: "))


def test_options_may_follow_the_command() -> None:
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
def test_an_expected_error_gives_a_sentence_with_a_remedy(error: Exception, word: str) -> None:
    assert word in sentence(error)


def test_without_an_environment_one_is_asked_for(
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
    with pytest.raises(OpsError, match="use a form such as"):
        archives.moment("noon")
