"""`relay doctor` sees what somebody has changed by hand, and nothing where nobody has."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest

from emulator.process import ACCOUNT, REGION, Emulator
from ops import checks, drift
from ops.connection import Relay
from ops.errors import OpsError
from tests.stacks.synthesised import Synthesised

STACK = "genesys-relay-production"
BUS = "aws.partner/genesys.com/cloud/org/production"
#: what the doctor compares, and what that depends on; functions and their triggers are left out
MADE = (
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::CloudWatch::Alarm",
    "AWS::SNS::Topic",
)
Change = Callable[[Relay], object]


def url(relay: Relay, name: str) -> str:
    urls = relay.sqs.list_queues(QueueNamePrefix=f"{STACK}-{name}-")["QueueUrls"]
    return next(each for each in urls if ("dead" in each) == ("dead" in name))


def attribute(name: str, key: str, value: str) -> Change:
    return lambda relay: relay.sqs.set_queue_attributes(
        QueueUrl=url(relay, name),
        Attributes={key: value},  # type: ignore[dict-item]
    )


def receives(count: int) -> Change:
    def change(relay: Relay) -> None:
        found: Any = relay.sqs.get_queue_attributes(
            QueueUrl=url(relay, "writes"), AttributeNames=["RedrivePolicy"]
        )
        policy = json.loads(found["Attributes"]["RedrivePolicy"]) | {"maxReceiveCount": count}
        attribute("writes", "RedrivePolicy", json.dumps(policy))(relay)

    return change


def table(relay: Relay) -> str:
    return next(name for name in relay.dynamodb.list_tables()["TableNames"])


def alarm(relay: Relay, name: str) -> str:
    alarms = relay.cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    return next(one["AlarmName"] for one in alarms if name in one["AlarmName"])


def without_rule(relay: Relay) -> None:
    relay.events.remove_targets(Rule=f"{STACK}-relay", EventBusName=STACK, Ids=["events"])
    relay.events.delete_rule(Name=f"{STACK}-relay", EventBusName=STACK)


def without_dead_letters(relay: Relay) -> None:
    targets: Any = relay.events.list_targets_by_rule(Rule=f"{STACK}-partner", EventBusName=BUS)
    (target,) = targets["Targets"]
    del target["DeadLetterConfig"]
    relay.events.put_targets(Rule=f"{STACK}-partner", EventBusName=BUS, Targets=[target])


def rule_of_another(relay: Relay) -> None:
    relay.events.put_rule(Name="lake", EventBusName=BUS, EventPattern='{"source": ["x"]}')


def alarm_of_another(relay: Relay) -> None:
    relay.cloudwatch.put_metric_alarm(
        AlarmName=f"{STACK}-eu-MonitoringBacklog0A1B2C3D-1",
        MetricName="x",
        Namespace="y",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )


def other_pattern(relay: Relay) -> None:
    found: Any = relay.events.describe_rule(Name=f"{STACK}-partner", EventBusName=BUS)
    pattern = json.loads(found["EventPattern"]) | {"source": ["other"]}
    relay.events.put_rule(
        Name=f"{STACK}-partner", EventBusName=BUS, EventPattern=json.dumps(pattern)
    )


#: what somebody changes by hand, and what the doctor then says
CHANGES: Sequence[tuple[Change, str]] = [
    (attribute("events", "VisibilityTimeout", "30"), "EventsQueue: VisibilityTimeout is 30;"),
    (attribute("writes-dead", "VisibilityTimeout", "1"), "WritesDead: VisibilityTimeout is 1;"),
    (attribute("checks", "MessageRetentionPeriod", "60"), "MessageRetentionPeriod is 60;"),
    (attribute("events", "Policy", ""), "EventsQueuePolicy: PolicyDocument is nothing"),
    (attribute("events-dead", "Policy", ""), "EventsDeadPolicy: PolicyDocument is nothing"),
    (receives(3), "WritesQueue: RedrivePolicy.maxReceiveCount is 3; it was deployed as"),
    (
        lambda relay: relay.sqs.delete_queue(QueueUrl=url(relay, "checks-dead")),
        "QueuesChecksDead is gone",
    ),
    (lambda _: None, "QueuesChecksDeadPolicy is gone"),
    (without_dead_letters, "BusesPartnerRule: Targets is"),
    (without_rule, "BusesRelayRule is gone"),
    (other_pattern, "BusesPartnerRule: EventPattern.source is"),
    (
        lambda relay: relay.events.disable_rule(Name=f"{STACK}-partner", EventBusName=BUS),
        "BusesPartnerRule: State is DISABLED; it was deployed as ENABLED",
    ),
    (
        lambda relay: relay.dynamodb.update_time_to_live(
            TableName=table(relay),
            TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
        ),
        "LedgerTable: TimeToLiveSpecification.Enabled is false",
    ),
    (
        lambda relay: relay.dynamodb.update_continuous_backups(
            TableName=table(relay),
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        ),
        "LedgerTable: PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled is",
    ),
    (
        lambda relay: relay.cloudwatch.disable_alarm_actions(AlarmNames=[alarm(relay, "Backlog")]),
        "MonitoringBacklog: ActionsEnabled is false; it was deployed as true",
    ),
    (
        lambda relay: relay.cloudwatch.delete_alarms(AlarmNames=[alarm(relay, "Overdue")]),
        "MonitoringOverdue is gone",
    ),
]
NONE_OF_OURS: Sequence[Change] = (rule_of_another, alarm_of_another)


@pytest.fixture(scope="module")
def relay(production: Synthesised, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A deployed stack."""
    template = json.dumps(_made(production.templates["production"]))
    with Emulator.start(tmp_path_factory.mktemp("drift") / "emulator") as emulator:
        cloudformation = emulator.client("cloudformation")
        cloudformation.create_stack(StackName=STACK, TemplateBody=template)
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        session = boto3.Session(
            aws_access_key_id=ACCOUNT, aws_secret_access_key="none", region_name=REGION
        )
        yield Relay(session, STACK, endpoint=emulator.endpoint)


@pytest.fixture(scope="module")
def before(relay: Relay) -> Sequence[str]:
    """What was found before anybody changed anything."""
    return list(drift.differences(relay))


def _made(template: Any) -> Any:
    resources = {
        logical: copy.deepcopy(resource) | {"DependsOn": []}
        for logical, resource in template["Resources"].items()
        if resource["Type"] in MADE
    }
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if "Metrics" in properties:
            # they name functions
            properties["Metrics"] = [{"Id": "one", "Expression": "SUM([1])"}]
    # on the default bus, the targets are functions
    return {
        "Resources": {
            logical: resource
            for logical, resource in resources.items()
            if resource["Type"] != "AWS::Events::Rule" or "EventBusName" in resource["Properties"]
        }
    }


@pytest.fixture(scope="module")
def after(relay: Relay, before: Sequence[str]) -> Sequence[str]:
    """What was found after somebody had changed all that."""
    for change in (*(change for change, _ in CHANGES), *NONE_OF_OURS):
        change(relay)
    return [one for one in drift.differences(relay) if one not in before]


def test_what_was_deployed_is_what_the_template_says(before: Sequence[str]) -> None:
    assert before == []


@pytest.mark.parametrize("says", [says for _, says in CHANGES])
def test_what_somebody_changed_by_hand_is_named(after: Sequence[str], says: str) -> None:
    assert len([one for one in after if says in one]) == 1


def test_rules_and_alarms_of_others_are_left_alone(after: Sequence[str]) -> None:
    assert [one for one in after if not any(says in one for _, says in CHANGES)] == []


def test_the_doctor_says_what_puts_it_back(relay: Relay, after: Sequence[str]) -> None:
    (check,) = (check for check in checks.ALL if check.name == "drift")

    assert after
    with pytest.raises(OpsError, match="`make deploy ENVIRONMENT=production` restores it"):
        check.look(relay)
