"""Sends records to EventBridge, SQS and Firehose. Each call is one attempt: if the SDK repeated a
call after a lost answer, records could be duplicated unnoticed."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from lambdas.adapters.aws import CONFIG, THROTTLING, code_of
from lambdas.relay.kernel.canonical import digest, outbound, read_json, short
from lambdas.relay.kernel.ports import Busy, NotSent, Record, Rejected, Taken, Unanswered
from lambdas.relay.kernel.reasons import Code, Reason

ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
#: errors of calls that never reached the service
UNSENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError)
BUSY = THROTTLING | {
    "KmsThrottled", "OverLimit", "ServiceUnavailableException", "ThrottledException",
}  # fmt: skip
#: codes that refuse a whole call because of the content of its records: it will always be refused
#: (API references of PutEvents, SendMessageBatch and PutRecordBatch, their common errors)
REJECTED = frozenset(
    {
        "BatchRequestTooLong",
        "InvalidArgumentException",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "RequestEntityTooLargeException",
        "SerializationException",
        "ValidationException",
    }
)
#: of an event on a bus (API reference, PutEventsRequestEntry). EventBridge accepts an event with a
#: longer type but does not deliver it (github.com/segmentio/action-destinations/pull/2828)
DETAIL_TYPE_CHARS_MAX = 128
#: a group that SQS accepts for a FIFO queue (API reference, SendMessage, MessageGroupId)
GROUP = re.compile(r"[!-~]{1,128}")

Answer = Taken | Busy | NotSent | Rejected | Unanswered


class AwsRecords:
    """Implements relay.kernel.ports.Records for one of the three services."""

    def __init__(self, service: str, client: Any = None) -> None:
        ways: dict[str, tuple[str, Callable[[str], str], Callable[..., Taken]]] = {
            "event-bus": ("events", self._bus, self._to_bus),
            "queue": ("sqs", self._url, self._to_queue),
            "firehose": ("firehose", _stream, self._to_stream),
        }
        name, self._address, self._put = ways[service]
        make: Any = boto3.client
        self._client = client or make(name, config=ONCE)
        self._urls: dict[str, str] = {}

    def put(self, where: str, records: Sequence[Record]) -> Answer:
        try:
            address = self._address(where)
        except (ClientError, BotoCoreError) as error:
            return NotSent(_told(where, error))  # it was only asked where to send them
        try:
            return self._put(address, records)
        except ClientError as error:
            return _meaning(where, error)
        except UNSENT as error:
            return NotSent(_told(where, error))
        except BotoCoreError as error:
            return Unanswered(_told(where, error))

    def _bus(self, arn: str) -> str:
        """EventBridge accepts events for a bus that does not exist, and they are lost
        (github.com/aws/aws-sdk/issues/186). So each call first checks that the bus exists, unless
        that is not permitted, as for a bus of another account."""
        try:
            self._client.describe_event_bus(Name=arn)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                raise
        return arn

    def _url(self, arn: str) -> str:
        if arn not in self._urls:
            _, _, _, _, account, name = arn.split(":")
            answer = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._urls[arn] = answer["QueueUrl"]
        return self._urls[arn]

    def _to_bus(self, arn: str, records: Sequence[Record]) -> Taken:
        entries = [_entry(arn, record) for record in records]
        codes = ["" if _has_type(entry) else "DetailTypeTooLong" for entry in entries]
        sent = [number for number, code in enumerate(codes) if not code]
        if sent:
            answer = self._client.put_events(Entries=[entries[number] for number in sent])
            for number, entry in zip(sent, answer["Entries"], strict=True):
                codes[number] = entry.get("ErrorCode", "")
        return Taken(codes)

    def _to_queue(self, url: str, records: Sequence[Record]) -> Taken:
        is_fifo = url.endswith(".fifo")
        answer = self._client.send_message_batch(
            QueueUrl=url,
            Entries=[
                {
                    "Id": str(number),
                    "MessageBody": record.text,
                    **(
                        {"MessageGroupId": _group(record), "MessageDeduplicationId": record.id}
                        if is_fifo
                        else {}
                    ),
                }
                for number, record in enumerate(records)
            ],
        )
        failed = {row["Id"]: row for row in answer.get("Failed", [])}
        return Taken(
            [failed.get(str(number), {}).get("Code", "") for number in range(len(records))],
            frozenset(row["Code"] for row in failed.values() if not row.get("SenderFault", True)),
        )

    def _to_stream(self, name: str, records: Sequence[Record]) -> Taken:
        answer = self._client.put_record_batch(
            DeliveryStreamName=name,
            # One line each, as readers of a data lake expect.
            Records=[{"Data": record.text.encode() + b"\n"} for record in records],
        )
        return Taken([row.get("ErrorCode", "") for row in answer["RequestResponses"]])


def _stream(arn: str) -> str:
    return arn.rpartition("/")[2]


def _entry(arn: str, record: Record) -> dict[str, str]:
    item = read_json(record.text, "the item")
    return {
        "EventBusName": arn,
        "Source": str(item["source"]),
        "DetailType": str(item["type"]),
        # Without spaces, so that it is no larger than was measured.
        "Detail": outbound(item["detail"]),
    }


def _has_type(entry: dict[str, str]) -> bool:
    return len(entry["DetailType"]) <= DETAIL_TYPE_CHARS_MAX


def _group(record: Record) -> str:
    """The record's group, hashed if SQS would not accept it."""
    is_name = GROUP.fullmatch(record.group)
    return record.group if is_name else short(digest("group", record.group), 26)


def _meaning(where: str, error: ClientError) -> Answer:
    """What an error for a whole call means."""
    code = code_of(error).rpartition(".")[2]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in BUSY:
        return Busy(_told(where, error))
    if code in REJECTED or status == 413:
        return Rejected(_told(where, error))
    return NotSent(_told(where, error)) if 400 <= status < 500 else Unanswered(_told(where, error))


def _told(where: str, error: Exception) -> Reason:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        return Code.CALL_FAILED(where, f"{status} {code_of(error)}".strip())
    return Code.CONNECTION_FAILED(type(error).__name__)
