"""What the adapters ask AWS for, where an emulator answers the same whether or not it was asked:
consistent reads, keys left unprocessed, long polls, the moment a message was sent, throttling."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.ledger import READ_ROUNDS, DynamoLedger
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.redrives import resume_redrive
from lambdas.relay.kernel.errors import Impossible, Throttled, Transient
from lambdas.relay.kernel.ports import Ledger, Outgoing
from tests.contract.service import Service

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
KEY = {"pk": {"S": "R#1"}, "sk": {"S": "R"}}
OTHER = {"pk": {"S": "R#2"}, "sk": {"S": "R"}}
ITEM = {**KEY, "state": {"S": "OPEN"}}
#: AWS's error references: DynamoDB "Error Handling", SQS and S3 "Error responses", Lambda; what
#: each service answers when it is called too fast
TOO_FAST = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "TooManyRequestsException",
)


class Prepared:
    """A client that gives prepared answers, and keeps what it was asked."""

    def __init__(self, service: str, method: str) -> None:
        self.client: Any = boto3.client(
            service,  # type: ignore[call-overload]
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        self.method = method
        self.asked: list[dict[str, Any]] = []
        self.stub = Stubber(self.client)
        self.client.meta.events.register("provide-client-params", self._keep)

    def _keep(self, params: dict[str, Any], **_: Any) -> None:
        self.asked.append(params)

    def answers(self, *answers: dict[str, Any]) -> Any:
        for answer in answers:
            self.stub.add_response(self.method, answer)
        self.stub.activate()
        return self.client

    def refuses(self, code: str) -> Any:
        self.stub.add_client_error(self.method, code)
        self.stub.activate()
        return self.client


def test_items_are_read_consistently() -> None:
    told = Prepared("dynamodb", "batch_get_item")
    ledger = DynamoLedger(told.answers({"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}}), "t")

    assert ledger.find([("R#1", "R")]) == [{"pk": "R#1", "sk": "R", "state": "OPEN"}]
    assert told.asked[0]["RequestItems"]["t"]["ConsistentRead"] is True


def test_a_partition_is_read_consistently() -> None:
    told = Prepared("dynamodb", "query")

    DynamoLedger(told.answers({"Items": []}), "t").of("M#1")

    assert told.asked[0]["ConsistentRead"] is True


def test_keys_left_unprocessed_are_asked_for_again() -> None:
    left = {"t": {"Keys": [OTHER], "ConsistentRead": True}}
    told = Prepared("dynamodb", "batch_get_item")
    client = told.answers(
        {"Responses": {"t": [ITEM]}, "UnprocessedKeys": left},
        {"Responses": {"t": [OTHER]}, "UnprocessedKeys": {}},
    )

    found = DynamoLedger(client, "t").find([("R#1", "R"), ("R#2", "R")])

    assert [None if item is None else item["pk"] for item in found] == ["R#1", "R#2"]
    assert told.asked[1]["RequestItems"] == left


def test_keys_left_unprocessed_for_ever_are_no_absence() -> None:
    left = {"t": {"Keys": [KEY], "ConsistentRead": True}}
    told = Prepared("dynamodb", "batch_get_item")
    client = told.answers(*[{"Responses": {}, "UnprocessedKeys": left}] * READ_ROUNDS)

    with pytest.raises(Transient, match="left unprocessed"):
        DynamoLedger(client, "t").find([("R#1", "R")])


@pytest.mark.parametrize("code", TOO_FAST)
def test_being_asked_to_slow_down_is_recognised(code: str) -> None:
    ledger = DynamoLedger(Prepared("dynamodb", "batch_get_item").refuses(code), "t")
    with pytest.raises(Throttled):
        ledger.find([("R#1", "R")])

    queue = SqsQueue(Prepared("sqs", "send_message_batch").refuses(code), URL)
    with pytest.raises(Throttled):
        queue.send([Outgoing("a")])


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_statement_of_a_batch_uses_another_code_for_it(code: str) -> None:
    """API reference, BatchStatementError."""
    told = Prepared("dynamodb", "batch_execute_statement")
    client = told.answers({"Responses": [{}, {"Error": {"Code": code, "Message": "slow down"}}]})

    with pytest.raises(Throttled):
        DynamoLedger(client, "t").insert([{"pk": "a", "sk": "b"}, {"pk": "c", "sk": "d"}])


def test_a_receive_is_a_long_poll_and_knows_when_a_message_was_sent() -> None:
    told = Prepared("sqs", "receive_message")
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "b",
        "Attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1000",
            "ApproximateFirstReceiveTimestamp": "2000",
        },
    }

    (delivery,) = SqsQueue(told.answers({"Messages": [message]}), URL).receive(1)

    assert told.asked[0]["WaitTimeSeconds"] >= 1
    assert (delivery.receives, delivery.sent_at_ms) == (3, 1000)


@pytest.mark.parametrize(
    ("method", "read"),
    [
        ("batch_get_item", lambda ledger: ledger.find([("R#1", "R")])),
        ("query", lambda ledger: ledger.of("R#1")),
    ],
    ids=["find", "of"],
)
def test_a_key_that_can_never_be_read_is_impossible(
    method: str, read: Callable[[Ledger], object]
) -> None:
    told = Prepared("dynamodb", method)

    with pytest.raises(Impossible):
        read(DynamoLedger(told.refuses("ValidationException"), "t"))


@pytest.mark.parametrize(
    "latest",
    [{"Status": "COMPLETED"}, {"Status": "FAILED", "DestinationArn": "arn"}],
    ids=["completed", "failed with a destination"],
)
def test_a_redrive_that_needs_no_help_is_left_alone(latest: dict[str, str]) -> None:
    """Only the latest one counts."""
    service: Any = Service(list_message_move_tasks={"Results": [latest]})

    assert resume_redrive(service, f"{URL}-dead", URL) is False
    dead_arn = "arn:aws:sqs:eu-west-1:123456789012:q-dead"
    assert service.asked == [("list_message_move_tasks", {"SourceArn": dead_arn, "MaxResults": 1})]
