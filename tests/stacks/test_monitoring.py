"""Few alarms, and each of them reaches a person and says what to do; one dashboard."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from lambdas.relay.functions.alert import alarm_name
from lambdas.relay.kernel.metrics import Metric
from ops.health import judge
from ops.reading import Ringing
from tests.ops.test_status import NOW_MS, reading
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import (
    Synthesised,
    Template,
    as_list,
    only,
    readable,
    resources,
)

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs/runbook.md"
RUNBOOK_TEXT = RUNBOOK.read_text("utf-8")
#: metrics that one alarm may compute with,
#: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
ALARM_METRICS_MAX = 10
ALARM = "AWS::CloudWatch::Alarm"


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def alarms_of(template: Template) -> dict[str, dict[str, Any]]:
    """Each alarm's properties, by its name in the runbook."""
    return {
        name.removeprefix("Monitoring"): resource["Properties"]
        for name, resource in resources(template, ALARM).items()
    }


def sections(markdown: str) -> list[str]:
    """The headings of the part about alarms."""
    part = markdown.split("\n## Alarms\n")[1].split("\n## ")[0]
    return re.findall(r"^### (\w+)$", part, re.MULTILINE)


def test_every_alarm_reports_to_the_topic_and_says_what_to_do(template: Template) -> None:
    found = alarms_of(template)

    assert len(found) <= 20, "few enough for a person to know them all"
    for alarm in found.values():
        assert as_list(readable(alarm["AlarmActions"])) == ["<MonitoringTopic>"]
        assert as_list(readable(alarm["OKActions"])) == ["<MonitoringTopic>"]
        assert len(alarm["AlarmDescription"]) > 40
        # CloudWatch's own message cannot contain the first id: it says what prints it.
        assert re.search(r"`relay [a-z-]+|\b[Ll]og\b", alarm["AlarmDescription"]), alarm


def test_without_an_address_the_alarms_notify_the_topic_all_the_same(
    production: Synthesised,
) -> None:
    staging = production.templates["staging"]

    assert not resources(staging, "AWS::SNS::Subscription")
    assert readable(staging["Outputs"]["AlarmTopicArn"]["Value"]) == "<MonitoringTopic>"
    for alarm in alarms_of(staging).values():
        assert as_list(readable(alarm["AlarmActions"])) == ["<MonitoringTopic>"]


def test_a_topic_and_a_runbook_of_ones_own_are_used_instead(tmp_path: Path) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:alarms"
    own = synthesise(
        tmp_path,
        own=environment_text(
            f'alarm_topic_arn = "{topic}"', 'runbook = "https://git.example.com/runbook.md"'
        ),
    ).templates["own"]

    assert set(resources(own, "AWS::SNS::Topic")) == {"AlertTopic"}
    assert own["Outputs"]["AlarmTopicArn"]["Value"] == topic
    for name, alarm in alarms_of(own).items():
        assert as_list(alarm["AlarmActions"]) == as_list(alarm["OKActions"]) == [topic]
        link = f"Runbook: https://git.example.com/runbook.md#{name.lower()}"
        assert alarm["AlarmDescription"].endswith(link)


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm(
    template: Template,
) -> None:
    found = alarms_of(template)

    assert sorted(sections(RUNBOOK.read_text("utf-8"))) == sorted(found)
    for name, alarm in found.items():
        assert alarm["AlarmDescription"].endswith(f"Runbook: docs/runbook.md#{name.lower()}")


def test_an_alarm_rings_at_the_first_bad_period_unless_it_is_one_of_these(
    template: Template,
) -> None:
    """The threshold, how many of the last periods must be bad, and how many they are."""
    rings = {
        name: (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"])
        for name, alarm in alarms_of(template).items()
    }

    assert {name: ring for name, ring in rings.items() if ring != (1, 1, 1)} == {
        "Backlog": (3_600, 1, 1),
        "FunctionFailing": (1, 2, 3),
        "ReconcileFailing": (1, 3, 3),
        "GenesysFailing": (1, 2, 2),
        "Overdue": (1, 2, 2),
        "WebhookPuttingOff": (1, 2, 2),
        "WebhookSenderUnproven": (1, 3, 3),
    }


def test_status_says_what_every_ringing_alarm_says(template: Template) -> None:
    for name, resource in resources(template, ALARM).items():
        alarm = {
            "AlarmName": f"genesys-relay-production-{name}1A2B3C4D-Zx8PpQ1",
            "AlarmDescription": resource["Properties"]["AlarmDescription"],
        }
        rings = Ringing(alarm_name(alarm["AlarmName"]), NOW_MS, alarm["AlarmDescription"])

        (trouble,) = judge(reading(alarms=[rings])).troubles

        assert name.removeprefix("Monitoring") in trouble
        assert f"docs/runbook.md#{name.removeprefix('Monitoring').lower()}" in trouble


def test_without_a_webhook_there_is_no_alarm_for_it(production: Synthesised) -> None:
    assert "WebhookPuttingOff" in alarms_of(production.templates["production"])
    assert "WebhookPuttingOff" not in alarms_of(production.templates["staging"])


def test_a_section_without_an_alarm_would_be_noticed() -> None:
    assert sections("# Runbook\n## Alarms\n### Backlog\n### Gone\n## More\n### Other\n") == [
        "Backlog",
        "Gone",
    ]


def test_an_alarm_computes_with_no_more_metrics_than_cloudwatch_takes(template: Template) -> None:
    for alarm in alarms_of(template).values():
        rows = alarm.get("Metrics", [])
        assert sum("MetricStat" in row for row in rows) <= ALARM_METRICS_MAX


def test_the_runbook_prices_about_as_many_alarm_metrics_as_there_are(
    production: Synthesised,
) -> None:
    """Without a webhook, as the table says; 0.10 USD each, and 3 USD for the dashboard. One alarm
    more or less is no reason to correct it."""
    rows = [
        row
        for alarm in alarms_of(production.templates["staging"]).values()
        for row in alarm.get("Metrics", [{"MetricStat": alarm}])
        if "MetricStat" in row
    ]

    said = re.search(r"alarms and one dashboard \| about (\d+) metrics \| (\d+) \|", RUNBOOK_TEXT)
    assert said is not None
    assert int(said[1]) == pytest.approx(len(rows), rel=0.2)
    assert int(said[2]) == pytest.approx(0.10 * len(rows) + 3, rel=0.2)


def test_every_dead_letter_queue_is_watched_from_its_first_message(template: Template) -> None:
    alarm = alarms_of(template)["DeadLetters"]
    watched = {
        readable(row["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for row in alarm["Metrics"]
        if "MetricStat" in row
    }

    assert alarm["Threshold"] == 1
    assert watched == {f"<Queues{name}Dead>" for name in ("Events", "Batches", "Writes", "Checks")}


def test_cloudwatch_may_publish_alarms_to_the_topic(template: Template) -> None:
    policies = resources(template, "AWS::SNS::TopicPolicy")
    policy = policies["MonitoringTopicPolicy"]["Properties"]["PolicyDocument"]
    (allowing,) = [s for s in policy["Statement"] if s["Effect"] == "Allow"]

    assert allowing["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowing["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_dashboard_shows_every_metric_that_the_relay_counts(template: Template) -> None:
    body = readable(only(template, "AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"])

    missing = [name for name in get_args(Metric) if f'MetricName=\\"{name}\\"' not in _plain(body)]
    assert missing == []


def _plain(body: str) -> str:
    return body.replace('\\\\"', '\\"')


def widgets_of(template: Template) -> list[dict[str, Any]]:
    body = readable(only(template, "AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"])
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return widgets


def test_every_graph_begins_at_zero_and_names_no_unit(template: Template) -> None:
    shown = [widget["properties"] for widget in widgets_of(template)]
    graphs = [each for each in shown if each.get("view") == "timeSeries"]

    assert len(graphs) > 5
    for graph in graphs:
        assert graph["yAxis"]["left"] == {"min": 0, "showUnits": False}, graph["title"]


def test_the_dashboard_asks_its_three_questions_from_top_to_bottom(template: Template) -> None:
    widgets = widgets_of(template)
    headings = [
        (widget["y"], widget["properties"]["markdown"].splitlines()[0])
        for widget in widgets
        if widget["type"] == "text"
    ]

    assert [text for _, text in sorted(headings)] == [
        "# Is it healthy?",
        "# How far behind?",
        "# What is it costing?",
    ]
    assert max(widget["x"] + widget["width"] for widget in widgets) <= 24
