"""Few alarms, and each of them reaches a person who is told what to do."""

import pytest

from tests.stacks.synthesised import Synthesised, Template, as_list, only, readable


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def test_every_alarm_reports_to_the_topic_and_says_what_to_do(template: Template) -> None:
    alarms = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]

    assert len(alarms) == 11
    for alarm in alarms:
        assert as_list(readable(alarm["AlarmActions"])) == ["<MonitoringTopic>"]
        assert len(alarm["AlarmDescription"]) > 40


def test_every_dead_letter_queue_has_an_alarm_on_its_first_message(template: Template) -> None:
    watched = {
        readable(resource["Properties"]["Dimensions"][0]["Value"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and resource["Properties"]["Threshold"] == 1
    }

    assert watched == {f"<Queues{name}Dead>" for name in ("Events", "Batches", "Writes", "Checks")}


def test_cloudwatch_may_publish_alarms_to_the_topic(template: Template) -> None:
    policy = only(template, "AWS::SNS::TopicPolicy")["Properties"]["PolicyDocument"]
    (allowing,) = [s for s in policy["Statement"] if s["Effect"] == "Allow"]

    assert allowing["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowing["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
