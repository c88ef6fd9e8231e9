"""What the relay relies on in the emulator, and that each of its gaps is still there.

A test named `..._still_...` runs without the fillings of emulator/shims/patches.py. When a newer
ministack fails one of them, the filling has become needless: delete both.
"""

import io
import json
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator import toolchain
from emulator.process import Emulator
from emulator.shims.faults import Faults

SOURCE = "aws.partner/genesys.com/cloud/4711/relay"
GAPS = (
    "atomic_queues",
    "partner_events",
    "archives",
    "event_log",
    "event_source_batches",
    "move_tasks",
    "time_to_live",
    "secret_ref",
    "recorded_types",
    "metric_math_alarms",
    "bus_by_arn",
)
WAIT_S = 120.0
METRIC_MATH_ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmDescription": "too many",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "Metrics": [
            {"Id": "both", "Expression": "SUM([one])"},
            {
                "Id": "one",
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": "M"},
                    "Period": 300,
                    "Stat": "Sum",
                },
            },
        ],
    },
}

#: Tells the results queue how many records it got; refuses "refuse" bodies the first time.
HANDLER = """
import boto3, json, os

def handler(event, context):
    records = event["Records"]
    boto3.client("sqs").send_message(QueueUrl=os.environ["RESULTS"], MessageBody=str(len(records)))
    refused = [
        {"itemIdentifier": record["messageId"]}
        for record in records
        if record["body"] == "refuse" and record["attributes"]["ApproximateReceiveCount"] == "1"
    ]
    return {"batchItemFailures": refused}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(tmp_path_factory.mktemp("filled") / "emulator") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(tmp_path_factory.mktemp("bare") / "emulator", without=GAPS) as emulator:
        yield emulator


# Partner events


def test_partner_events_reach_the_queue_behind_the_partner_bus(aws: Emulator) -> None:
    queue_url = partner_bus_with_queue(aws)

    answer = put_partner_events(aws, SOURCE, [{"n": 1}])

    envelope = json.loads(receive(aws, queue_url)[0]["Body"])
    assert envelope["id"] == answer["Entries"][0]["EventId"]
    assert envelope["source"] == SOURCE
    assert envelope["detail-type"] == "v2.detail.events.conversation.{id}.acd.start"
    assert envelope["time"] == "2023-11-14T22:13:20Z"
    assert envelope["detail"] == {"n": 1}


def test_partner_events_for_a_source_without_a_bus_are_refused(aws: Emulator) -> None:
    answer = put_partner_events(aws, "aws.partner/nobody", [{"n": 1}])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "ResourceNotFoundException"


def test_nobody_puts_partner_events_with_put_events(aws: Emulator) -> None:
    answer = aws.client("events").put_events(
        Entries=[{"Source": SOURCE, "DetailType": "x", "Detail": "{}"}]
    )

    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_partner_events_are_still_dropped_by_the_emulator(bare: Emulator) -> None:
    queue_url = partner_bus_with_queue(bare)

    put_partner_events(bare, SOURCE, [{"n": 1}])

    assert receive(bare, queue_url) == []


def test_events_are_still_kept_for_ever_by_the_emulator() -> None:
    assert events_kept(without="event_log") == "1"


def test_events_are_not_kept_when_that_gap_is_filled() -> None:
    assert events_kept(without="") == "0"


# Queues


def test_messages_sent_during_a_deletion_are_still_lost_by_the_emulator() -> None:
    assert messages_left_after_a_race(without="atomic_queues") == "0"


def test_messages_sent_during_a_deletion_are_kept_when_that_gap_is_filled() -> None:
    assert messages_left_after_a_race(without="") == "1"


def test_a_redriven_message_returns_to_its_source_as_a_new_one(aws: Emulator) -> None:
    queue, dead = queue_with_dead_letters(aws)
    sqs = aws.client("sqs")
    attributes: Any = {"kind": {"DataType": "String", "StringValue": "seal"}}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="batch", MessageAttributes=attributes)
    receive(aws, queue)
    eventually(lambda: receive(aws, queue) == [] and depth(aws, dead) == 1)

    sqs.start_message_move_task(SourceArn=arn_of(aws, dead))

    message = receive(aws, queue)[0]
    assert message["Body"] == "batch"
    assert message["MessageId"] != sent["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["MessageAttributes"] == attributes
    task = sqs.list_message_move_tasks(SourceArn=arn_of(aws, dead))["Results"][0]
    assert task["Status"] == "COMPLETED"
    assert task["ApproximateNumberOfMessagesMoved"] == 1


def test_a_message_sent_to_the_dead_letters_goes_only_to_a_named_destination(
    aws: Emulator,
) -> None:
    queue, dead = queue_with_dead_letters(aws)
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=dead, MessageBody="undeliverable")

    sqs.start_message_move_task(SourceArn=arn_of(aws, dead))
    task = sqs.list_message_move_tasks(SourceArn=arn_of(aws, dead))["Results"][0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")

    sqs.start_message_move_task(SourceArn=arn_of(aws, dead), DestinationArn=arn_of(aws, queue))
    assert receive(aws, queue)[0]["Body"] == "undeliverable"


def test_only_dead_letters_are_redriven(aws: Emulator) -> None:
    queue, _dead = queue_with_dead_letters(aws)

    with pytest.raises(ClientError, match="Dead Letter Queue"):
        aws.client("sqs").start_message_move_task(SourceArn=arn_of(aws, queue))


def test_redrive_is_still_unknown_to_the_emulator(bare: Emulator) -> None:
    _queue, dead = queue_with_dead_letters(bare)

    with pytest.raises(ClientError, match="not valid for this endpoint"):
        bare.client("sqs").start_message_move_task(SourceArn=arn_of(bare, dead))


# Event source mappings


def test_a_batch_is_gathered_for_the_window_and_up_to_its_size(aws: Emulator) -> None:
    # Long enough for three sends on a busy machine.
    queue, results = consumed_queue(aws, batch_size=100, window_s=4)

    send(aws, queue, ["event"] * 25)

    assert eventually(lambda: [message["Body"] for message in receive(aws, results)]) == ["25"]


def test_a_full_batch_does_not_wait_for_the_window(aws: Emulator) -> None:
    queue, results = consumed_queue(aws, batch_size=20, window_s=60)

    send(aws, queue, ["event"] * 20)

    assert eventually(lambda: [message["Body"] for message in receive(aws, results)]) == ["20"]


def test_batches_still_have_ten_messages_at_most_in_the_emulator(bare: Emulator) -> None:
    queue, results = consumed_queue(bare, batch_size=100, window_s=1)

    send(bare, queue, ["event"] * 25)

    sizes = [message["Body"] for message in eventually(lambda: receive(bare, results))]
    assert max(map(int, sizes)) <= 10


def test_only_the_refused_item_of_a_batch_comes_back(aws: Emulator) -> None:
    queue, results = consumed_queue(aws, batch_size=10, window_s=1)

    send(aws, queue, ["event", "refuse", "event"])

    sizes: list[str] = []

    def both_came() -> bool:
        sizes.extend(message["Body"] for message in receive(aws, results))
        return len(sizes) > 1

    assert eventually(both_came)
    assert sorted(sizes) == ["1", "3"], "all three, then the refused one alone"
    eventually(lambda: depth(aws, queue) == 0)


def test_a_function_finds_nothing_of_ours_in_the_emulators_environment() -> None:
    """What AWS' runtime has (boto3 and its needs) is there; what the asset must bring is not."""
    for package in ("requests", "aws_lambda_powertools", "pydantic", "lambdas", "emulator"):
        code = f"import {package}"
        assert in_emulator(code, isolated=True).returncode != 0, f"{package} leaks into workers"
    assert in_emulator("import boto3, jmespath", isolated=True).returncode == 0


# CloudFormation


def test_cloudformation_enables_time_to_live_and_refers_to_secrets_by_arn(aws: Emulator) -> None:
    outputs = deploy(aws, "filled", {"Table": TABLE, "Secret": SECRET})

    setting = aws.client("dynamodb").describe_time_to_live(TableName=outputs["Table"])
    assert setting["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    name = outputs["Secret"].split(":")[6]
    assert name.split("-")[0] == "Secret"
    assert len(name.split("-")) == 3, "logical id, random part, suffix"
    got = aws.client("secretsmanager").get_secret_value(SecretId=name.rpartition("-")[0])
    assert got["SecretString"] == "{}"
    delete(aws, "filled")


def test_a_bus_is_described_by_its_arn(aws: Emulator) -> None:
    arn = aws.client("events").create_event_bus(Name="described")["EventBusArn"]
    assert aws.client("events").describe_event_bus(Name=arn)["Name"] == "described"


def test_a_bus_is_still_described_by_its_name_only_in_the_emulator(bare: Emulator) -> None:
    arn = bare.client("events").create_event_bus(Name="described")["EventBusArn"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bare.client("events").describe_event_bus(Name=arn)


def test_a_secret_survives_the_update_of_its_stack(aws: Emulator) -> None:
    before = deploy(aws, "updated", {"Secret": SECRET})

    changed = {**SECRET, "Properties": {"SecretString": "{}", "Description": "changed"}}
    after = deploy(aws, "updated", {"Secret": changed}, update=True)

    assert after == before
    delete(aws, "updated")


def test_cloudformation_still_ignores_time_to_live_in_the_emulator(bare: Emulator) -> None:
    outputs = deploy(bare, "ttl", {"Table": TABLE})

    setting = bare.client("dynamodb").describe_time_to_live(TableName=outputs["Table"])
    assert setting["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"


def test_cloudformation_still_refers_to_secrets_by_name_in_the_emulator(bare: Emulator) -> None:
    assert not deploy(bare, "secret", {"Secret": SECRET})["Secret"].startswith("arn:")


def test_an_archive_brings_back_what_no_rule_took(aws: Emulator) -> None:
    events = aws.client("events")
    queue_url = partner_bus_with_queue(aws)
    bus_arn = events.describe_event_bus(Name=SOURCE)["Arn"]
    archive = {**ARCHIVE, "Properties": {"SourceArn": bus_arn, "RetentionDays": 1}}
    name = deploy(aws, "archived", {"Archive": archive})["Archive"]
    (rule,) = events.list_rules(EventBusName=SOURCE)["Rules"]
    events.disable_rule(Name=rule["Name"], EventBusName=SOURCE)
    put_partner_events(aws, SOURCE, [{"n": 7}])
    assert receive(aws, queue_url) == []
    events.enable_rule(Name=rule["Name"], EventBusName=SOURCE)

    events.start_replay(
        ReplayName="again",
        EventSourceArn=events.describe_archive(ArchiveName=name)["ArchiveArn"],
        EventStartTime=datetime(2020, 1, 1, tzinfo=UTC),
        EventEndTime=datetime(2100, 1, 1, tzinfo=UTC),
        Destination={"Arn": bus_arn},
    )

    (message,) = eventually(lambda: receive(aws, queue_url))
    assert json.loads(message["Body"])["detail"] == {"n": 7}
    delete(aws, "archived")


def test_cloudformation_still_refuses_archives_in_the_emulator(bare: Emulator) -> None:
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        deploy(bare, "archive", {"Archive": ARCHIVE})


def test_an_alarm_over_several_metrics_is_listed(aws: Emulator) -> None:
    deploy(aws, "alarmed", {"Alarm": METRIC_MATH_ALARM})

    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix="alarmed")["MetricAlarms"]

    assert alarm["AlarmDescription"] == "too many"
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    delete(aws, "alarmed")


def test_cloudformation_still_refuses_metric_math_alarms_in_the_emulator(bare: Emulator) -> None:
    cloudformation = bare.client("cloudformation")
    template = json.dumps({"Resources": {"Alarm": METRIC_MATH_ALARM}})
    cloudformation.create_stack(StackName="alarmed", TemplateBody=template)

    eventually(
        lambda: (
            cloudformation.describe_stacks(StackName="alarmed")["Stacks"][0]["StackStatus"]
            == "ROLLBACK_COMPLETE"
        )
    )


# Faults


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    faults = Faults(seed=1, throttle=0.5, crash=1.0, duplicate=1.0, redelivery_s=0.2)
    directory = tmp_path_factory.mktemp("troubled") / "emulator"
    with Emulator.start(directory, faults=faults) as emulator:
        yield emulator


def test_throttled_writes_write_nothing(troubled: Emulator) -> None:
    table = deploy(troubled, "throttled", {"Table": TABLE})["Table"]
    dynamodb = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=troubled.endpoint,
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )
    accepted = 0
    for n in range(20):
        try:
            dynamodb.put_item(TableName=table, Item={"pk": {"S": str(n)}, "sk": {"S": "E"}})
            accepted += 1
        except dynamodb.exceptions.ProvisionedThroughputExceededException:
            continue

    assert troubled.faults_injected()["throttled"] > 0
    assert dynamodb.scan(TableName=table)["Count"] == accepted


def test_a_received_message_is_delivered_again(troubled: Emulator) -> None:
    queue = create_queue(troubled, "twice", VisibilityTimeout="600")
    send(troubled, queue, ["event"])

    first = receive(troubled, queue)[0]
    again = eventually(lambda: receive(troubled, queue))[0]

    assert first["MessageId"] == again["MessageId"]


def test_crashed_workers_soon_get_their_batch_again(troubled: Emulator) -> None:
    queue, results = consumed_queue(troubled, batch_size=10, window_s=0, visibility_s=600)

    send(troubled, queue, ["event"])

    eventually(lambda: troubled.faults_injected()["crashed"] >= 3)
    assert eventually(lambda: receive(troubled, results))


# Shared steps


TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    },
}
SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "{}"}}
ARCHIVE = {"Type": "AWS::Events::Archive", "Properties": {"SourceArn": "arn:aws:events:bus"}}


def eventually(attempt: Callable[[], Any]) -> Any:
    """The first truthy answer; fails when there is none in time."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        answer = attempt()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"Nothing came within {WAIT_S} s.")


def partner_bus_with_queue(aws: Emulator) -> str:
    events = aws.client("events")
    if SOURCE not in [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]:
        events.create_event_bus(Name=SOURCE, EventSourceName=SOURCE)
    queue_url = create_queue(aws, "behind-the-bus")
    pattern = json.dumps(
        {"source": [SOURCE], "detail-type": ["v2.detail.events.conversation.{id}.acd.start"]}
    )
    events.put_rule(Name="all", EventBusName=SOURCE, EventPattern=pattern)
    events.put_targets(
        Rule="all", EventBusName=SOURCE, Targets=[{"Id": "queue", "Arn": arn_of(aws, queue_url)}]
    )
    return queue_url


def put_partner_events(aws: Emulator, source: str, details: list[dict[str, Any]]) -> Any:
    topic = "v2.detail.events.conversation.{id}.acd.start"
    return aws.client("events").put_partner_events(
        Entries=[
            {
                "Source": source,
                "DetailType": topic,
                "Detail": json.dumps(detail),
                "Time": datetime.fromtimestamp(1_700_000_000, UTC),
            }
            for detail in details
        ]
    )


def create_queue(aws: Emulator, name: str, **attributes: str) -> str:
    chosen: Any = attributes
    unique = f"{name}-{time.monotonic_ns()}"
    return aws.client("sqs").create_queue(QueueName=unique, Attributes=chosen)["QueueUrl"]


def queue_with_dead_letters(aws: Emulator) -> tuple[str, str]:
    dead = create_queue(aws, "dead")
    policy = json.dumps({"deadLetterTargetArn": arn_of(aws, dead), "maxReceiveCount": 1})
    return create_queue(aws, "live", VisibilityTimeout="0", RedrivePolicy=policy), dead


def consumed_queue(
    aws: Emulator, *, batch_size: int, window_s: int, visibility_s: int = 1
) -> tuple[str, str]:
    queue = create_queue(aws, "consumed", VisibilityTimeout=str(visibility_s))
    results = create_queue(aws, "results", VisibilityTimeout="600")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as asset:
        asset.writestr("code.py", HANDLER)
    function = aws.client("lambda")
    name = f"consumer-{time.monotonic_ns()}"
    function.create_function(
        FunctionName=name,
        Runtime="python3.14",
        Architectures=["arm64"],
        Role="arn:aws:iam::000000000000:role/consumer",
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"RESULTS": results}},
        Timeout=20,
    )
    function.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=arn_of(aws, queue),
        BatchSize=batch_size,
        MaximumBatchingWindowInSeconds=window_s,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    return queue, results


def send(aws: Emulator, queue_url: str, bodies: list[str]) -> None:
    for start in range(0, len(bodies), 10):
        aws.client("sqs").send_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(n), "MessageBody": body}
                for n, body in enumerate(bodies[start : start + 10])
            ],
        )


def receive(aws: Emulator, queue_url: str) -> list[Any]:
    answer = aws.client("sqs").receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return list(answer.get("Messages", []))


def depth(aws: Emulator, queue_url: str) -> int:
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    waiting = attributes["Attributes"]["ApproximateNumberOfMessages"]
    in_flight = attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"]
    return int(waiting) + int(in_flight)


def arn_of(aws: Emulator, queue_url: str) -> str:
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["QueueArn"]
    )
    return attributes["Attributes"]["QueueArn"]


def deploy(
    aws: Emulator, stack: str, resources: dict[str, Any], *, update: bool = False
) -> dict[str, str]:
    """Deploy a template whose outputs are what Ref returns for each resource."""
    cloudformation = aws.client("cloudformation")
    outputs = {f"Ref{name}": {"Value": {"Ref": name}} for name in resources}
    template = json.dumps({"Resources": resources, "Outputs": outputs})
    if update:
        cloudformation.update_stack(StackName=stack, TemplateBody=template)
    else:
        cloudformation.create_stack(StackName=stack, TemplateBody=template)
    done = "UPDATE_COMPLETE" if update else "CREATE_COMPLETE"
    eventually(
        lambda: cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == done
    )
    description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {
        output["OutputKey"].removeprefix("Ref"): output["OutputValue"]
        for output in description["Outputs"]
    }


def delete(aws: Emulator, stack: str) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    eventually(
        lambda: (
            stack not in [one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]]
        )
    )


def in_emulator(code: str, *, isolated: bool) -> subprocess.CompletedProcess[str]:
    """Run code in the emulator's environment; isolated, it sees no module of this project."""
    command = [str(toolchain.EMULATOR_PYTHON), "-I" if isolated else "-s", "-c", code]
    root: Path = toolchain.ROOT
    environ = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, check=False
    )


def events_kept(*, without: str) -> str:
    code = f"""
from emulator.shims import patches
patches.fill(without=frozenset({without!r}.split()))
from ministack.services import eventbridge
eventbridge._ensure_default_bus()
eventbridge._put_events({{"Entries": [{{"Source": "s", "DetailType": "d", "Detail": "{{}}"}}]}})
print(len(eventbridge._events_log_list()))
"""
    return in_emulator(code, isolated=False).stdout.strip()


def messages_left_after_a_race(*, without: str) -> str:
    """Delete one message; while the emulator walks through the queue's list, send another."""
    code = f"""
import threading
from emulator.shims import patches
patches.fill(without=frozenset({without!r}.split()))
from ministack.services import sqs

url = sqs._HANDLERS["CreateQueue"]({{"QueueName": "raced"}}, "")["QueueUrl"]
send = sqs._HANDLERS["SendMessage"]
send({{"QueueUrl": url, "MessageBody": "old"}}, url)
handle = sqs._collect_msgs(sqs._get_q(url), 1, 30)[0]["receipt_handle"]
sender = threading.Thread(target=send, args=({{"QueueUrl": url, "MessageBody": "new"}}, url))

class Walked(list):
    def __iter__(self):
        yield from list(self[:])
        sender.start()
        sender.join(timeout=0.5)

queue = sqs._get_q(url)
queue["messages"] = Walked(queue["messages"])
sqs._delete_messages_for_esm(url, {{handle}})
sender.join()
print(sum(message["body"] == "new" for message in sqs._get_q(url)["messages"]))
"""
    return in_emulator(code, isolated=False).stdout.strip()
