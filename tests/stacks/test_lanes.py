"""A queue for each lane, with all that a queue has; and nothing of it without lanes."""

from pathlib import Path
from typing import Any

import pytest

from lambdas.relay.kernel import limits
from stacks.configuration import ConfigurationError, load_environments
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Template, as_list, readable, resources

QUEUES = ("Writes", "WritesFirst", "WritesLast")
FUNCTION = "AWS::Lambda::Function"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    made = synthesise(
        tmp_path_factory.mktemp("lanes"),
        lanes=environment_text("lanes = true", "writer_concurrency = 3"),
        none=environment_text(source="aws.partner/genesys.com/cloud/org/none"),
    )
    return dict(made.templates)


@pytest.fixture
def template(templates: dict[str, Template]) -> Template:
    return templates["lanes"]


def statements(template: Template, verb: str) -> list[dict[str, Any]]:
    return [
        statement
        for name, policy in resources(template, "AWS::IAM::Policy").items()
        if name.startswith(verb)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def may(template: Template, verb: str, action: str) -> set[str]:
    """The queues on which a function may do something."""
    return {
        str(readable(resource))
        for statement in statements(template, verb)
        if f"sqs:{action}" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


@pytest.mark.parametrize("name", QUEUES)
def test_a_lane_is_a_queue_like_the_one_without_lanes(template: Template, name: str) -> None:
    queues = resources(template, "AWS::SQS::Queue")
    queue, dead = (queues[f"Queues{name}{end}"]["Properties"] for end in ("Queue", "Dead"))

    assert readable(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"<Queues{name}Dead>",
        "maxReceiveCount": limits.RECEIVES_MAX["writes"],
    }
    assert queue["VisibilityTimeout"] == limits.LIVE.visibility_s["writes"]
    (source,) = dead["RedriveAllowPolicy"]["sourceQueueArns"]
    assert readable(source).endswith(":" + readable(queue["QueueName"]))


@pytest.mark.parametrize("name", QUEUES)
def test_each_lane_has_writers_of_its_own(template: Template, name: str) -> None:
    (mapping,) = [
        each["Properties"]
        for each in resources(template, "AWS::Lambda::EventSourceMapping").values()
        if readable(each["Properties"]["EventSourceArn"]) == f"<Queues{name}Queue>"
    ]

    assert readable(mapping["FunctionName"]) == "<WriteFunction>"
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 3}
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_whoever_sends_to_write_may_send_into_every_lane(template: Template) -> None:
    lanes = {f"<Queues{name}Queue>" for name in QUEUES}

    for verb in ("Dedup", "Write", "Confirm", "Reconcile"):
        assert lanes <= may(template, verb, "SendMessage"), verb
        variables = resources(template, FUNCTION)[f"{verb}Function"]["Properties"]["Environment"]
        told = {readable(value) for value in variables["Variables"].values()}
        assert lanes <= told, verb
    assert may(template, "Write", "ReceiveMessage") == lanes
    dead = {f"<Queues{name}Dead>" for name in QUEUES}
    assert dead <= may(template, "Reconcile", "ReceiveMessage")
    assert not lanes & may(template, "Intake", "SendMessage")


@pytest.mark.parametrize("name", QUEUES)
def test_alarms_and_outputs_know_each_lane(template: Template, name: str) -> None:
    alarms = {
        alarm.removeprefix("Monitoring"): str(readable(each["Properties"]["Metrics"]))
        for alarm, each in resources(template, "AWS::CloudWatch::Alarm").items()
        if "Metrics" in each["Properties"]
    }

    assert f"<Queues{name}Dead>" in alarms["DeadLetters"]
    assert f"<Queues{name}Queue>" in alarms["Backlog"]
    assert {f"{name}QueueUrl", f"{name}DeadQueueUrl"} <= template["Outputs"].keys()


def test_without_lanes_there_is_one_queue_to_write_from(templates: dict[str, Template]) -> None:
    assert "Lane" not in str(templates["none"]["Resources"].keys())
    assert "WritesFirst" not in str(templates["none"])
    assert "WRITES_FIRST" not in str(templates["none"])


def load(directory: Path, *settings: str, lane: str) -> None:
    path = directory / "one.toml"
    path.write_text(
        environment_text(*settings, rest=f"{DESTINATIONS_AND_ROUTES}lane = {lane}\n"), "utf-8"
    )
    load_environments(str(path))


@pytest.mark.parametrize("lane", ["first", "normal", "last"])
def test_a_route_may_be_in_any_lane(tmp_path: Path, lane: str) -> None:
    load(tmp_path, "lanes = true", lane=f'"{lane}"')


def test_a_lane_without_a_queue_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'routes\[0\].lane is "first".* set lanes = true'):
        load(tmp_path, lane='"first"')


def test_an_unknown_lane_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='"first", "normal" or "last"'):
        load(tmp_path, "lanes = true", lane='"fast"')
