"""Records on moto's AWS: what a service has received, and what each error means."""

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from moto import mock_aws

from lambdas.adapters.records import AwsRecords
from lambdas.relay.kernel.canonical import outbound
from lambdas.relay.kernel.ports import Busy, NotSent, Record, Rejected, Taken, Unanswered
from tests.contract.service import Service

REGION = "eu-west-1"
ACCOUNT = "123456789012"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/apps"
RECORDS = [
    Record(f"b.{number}", json.dumps({"source": "s", "type": "t", "detail": {"n": number}}), "c")
    for number in range(3)
]


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


def queue(name: str, **attributes: str) -> str:
    client: Any = boto3.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return str(url)


def said(url: str) -> list[Any]:
    client: Any = boto3.client("sqs")
    answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_queue_has_each_record_as_a_message() -> None:
    url = queue("orders")
    sink = AwsRecords("queue")
    assert sink.put(f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", RECORDS) == Taken(["", "", ""])
    assert [item["detail"]["n"] for item in said(url)] == [0, 1, 2]


def test_a_fifo_queue_knows_a_repetition() -> None:
    url = queue("orders.fifo", FifoQueue="true")
    sink, arn = AwsRecords("queue"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders.fifo"
    assert sink.put(arn, RECORDS) == sink.put(arn, RECORDS) == Taken(["", "", ""])
    assert len(said(url)) == 3


def test_a_bus_has_each_record_as_an_event() -> None:
    events: Any = boto3.client("events")
    events.create_event_bus(Name="apps")
    url = queue("caught")
    events.put_rule(Name="all", EventBusName="apps", EventPattern='{"source": ["s"]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:caught"}
    events.put_targets(Rule="all", EventBusName="apps", Targets=[target])

    assert AwsRecords("event-bus").put(BUS, RECORDS) == Taken(["", "", ""])

    caught = said(url)
    assert [event["detail"]["n"] for event in caught] == [0, 1, 2]
    assert {(event["source"], event["detail-type"]) for event in caught} == {("s", "t")}


def test_a_stream_has_each_record_as_a_line() -> None:
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    firehose: Any = boto3.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="lake",
        S3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/x",
            "BucketARN": "arn:aws:s3:::lake",
        },
    )
    arn = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/lake"

    assert AwsRecords("firehose").put(arn, RECORDS) == Taken(["", "", ""])

    (listed,) = s3.list_objects_v2(Bucket="lake")["Contents"]
    lines = s3.get_object(Bucket="lake", Key=listed["Key"])["Body"].read().decode().splitlines()
    assert [json.loads(line)["detail"]["n"] for line in lines] == [0, 1, 2]


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def put_record_batch(self, **_: Any) -> Any:
        self.calls += 1
        raise self.error


def client_error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutRecordBatch")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (client_error("AccessDeniedException", 400), NotSent),
        (client_error("ResourceNotFoundException", 400), NotSent),
        (client_error("ThrottlingException", 400), Busy),
        (client_error("ServiceUnavailableException", 503), Busy),
        (client_error("KMS.ThrottlingException", 400), Busy),
        (client_error("KmsThrottled", 400), Busy),
        (client_error("KMS.AccessDeniedException", 400), NotSent),
        (client_error("InvalidArgumentException", 400), Rejected),
        (client_error("ValidationException", 400), Rejected),
        (client_error("AWS.SimpleQueueService.BatchRequestTooLong", 400), Rejected),
        (client_error("Unknown", 413), Rejected),
        (client_error("InternalFailure", 500), Unanswered),
        (EndpointConnectionError(endpoint_url="https://x"), NotSent),
        (ReadTimeoutError(endpoint_url="https://x"), Unanswered),
    ],
)
def test_what_an_error_means(error: Exception, meaning: type) -> None:
    failing = Failing(error)
    answer = AwsRecords("firehose", failing).put("arn:x/y", RECORDS)
    assert type(answer) is meaning
    assert failing.calls == 1


def on_bus(client: Any, *items: dict[str, Any]) -> Any:
    records = [Record(f"b.{n}", json.dumps(item), "c") for n, item in enumerate(items)]
    return AwsRecords("event-bus", client).put(BUS, records)


def test_a_bus_that_does_not_exist_gets_nothing() -> None:
    """EventBridge itself would accept the events, and nobody would ever see them."""
    gone = client_error("ResourceNotFoundException", 400)
    service = Service(describe_event_bus=gone, put_events={"Entries": [{"EventId": "1"}]})
    answer = on_bus(service, {"source": "s", "type": "t", "detail": {}})
    assert isinstance(answer, NotSent)
    assert [name for name, _ in service.asked] == ["describe_event_bus"]


def test_a_bus_that_may_not_be_asked_for_gets_its_events() -> None:
    denied = client_error("AccessDeniedException", 400)
    service = Service(describe_event_bus=denied, put_events={"Entries": [{"EventId": "1"}]})
    assert on_bus(service, {"source": "s", "type": "t", "detail": {}}) == Taken([""])


def test_only_a_type_that_eventbridge_would_silently_drop_is_refused() -> None:
    service = Service(describe_event_bus={}, put_events={"Entries": [{"EventId": "1"}]})
    long = {"source": "s", "type": "t" * 129, "detail": {}}
    answer = on_bus(service, long, {**long, "type": "t" * 128})
    assert answer == Taken(["DetailTypeTooLong", ""])
    assert on_bus(Service(describe_event_bus={}), long) == Taken(["DetailTypeTooLong"])


def test_a_detail_is_no_larger_than_measured_and_says_the_same() -> None:
    service = Service(describe_event_bus={}, put_events={"Entries": [{"EventId": "1"}]})
    detail = {"n": [1] * 1000, "half": "\ud800", "none": "\uffff", "word": "Grüße"}
    on_bus(service, {"source": "s", "type": "t", "detail": detail})
    (said,) = service.asked[-1][1]["Entries"]
    assert len(said["Detail"].encode()) <= len(outbound(detail).encode())
    assert json.loads(said["Detail"]) == detail
    said["Detail"].encode("utf-8")


@pytest.mark.parametrize("group", ["c-1", "Kunde Müller 5", "x" * 200, ""])
def test_every_conversation_is_a_group_that_a_fifo_queue_takes(group: str) -> None:
    service = Service(get_queue_url={"QueueUrl": "https://q/1/orders.fifo"}, send_message_batch={})
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders.fifo"
    AwsRecords("queue", service).put(arn, [Record("b.0", "{}", group)])
    (entry,) = service.asked[-1][1]["Entries"]
    assert re.fullmatch(r"[!-~]{1,128}", entry["MessageGroupId"])
    assert (entry["MessageGroupId"] == group) is (group == "c-1")


def test_a_queue_says_of_each_message_whose_fault_it_is() -> None:
    rows = [
        {"Id": "1", "Code": "Whatever", "SenderFault": False},
        {"Id": "2", "Code": "InvalidMessageContents", "SenderFault": True},
    ]
    service = Service(get_queue_url={"QueueUrl": "https://q"}, send_message_batch={"Failed": rows})
    answer = AwsRecords("queue", service).put(f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", RECORDS)
    expected = ["", "Whatever", "InvalidMessageContents"]
    assert answer == Taken(expected, frozenset({"Whatever"}))


def test_a_queue_that_does_not_say_whose_fault_it_is_is_not_to_blame() -> None:
    rows = [{"Id": "0", "Code": "Whatever"}]
    service = Service(get_queue_url={"QueueUrl": "https://q"}, send_message_batch={"Failed": rows})
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"

    assert AwsRecords("queue", service).put(arn, RECORDS[:1]) == Taken(["Whatever"], frozenset())


def test_a_queue_is_looked_up_in_its_own_account() -> None:
    service = Service(get_queue_url={"QueueUrl": "https://q"}, send_message_batch={})
    AwsRecords("queue", service).put(f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", RECORDS)

    expected = {"QueueName": "orders", "QueueOwnerAWSAccountId": ACCOUNT}
    assert service.asked[0] == ("get_queue_url", expected)


@pytest.mark.parametrize(
    "error",
    [client_error("InternalFailure", 500), ReadTimeoutError(endpoint_url="https://x")],
)
def test_asking_where_a_queue_is_sends_nothing(error: ClientError | BotoCoreError) -> None:
    service = Service(get_queue_url=error)
    answer = AwsRecords("queue", service).put(f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", RECORDS)
    assert isinstance(answer, NotSent)


def test_a_call_is_one_attempt() -> None:
    """The SDK's own repetition after a lost answer would double records, and nobody would know."""
    for service in ("event-bus", "queue", "firehose"):
        retries = AwsRecords(service)._client.meta.config.retries
        assert retries["total_max_attempts"] == 1
