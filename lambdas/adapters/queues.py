"""Queues in SQS."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lambdas.adapters.aws import translated
from lambdas.relay.kernel.errors import Impossible, Transient
from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX, SQS_MESSAGE_BYTES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")

#: seconds of a long poll, whose empty answer means an empty queue
#: (SQS developer guide, short and long polling)
RECEIVE_WAIT_S = 1
#: SQS accepts ten attributes per message; empty values are not allowed
ATTRIBUTES_MAX = 10
#: codes for a message that SQS will never accept (API reference, SendMessageBatch); for one message
#: among others, the code is in its row of the answer
_IMPOSSIBLE = frozenset(
    {
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
    }
)
#: SQS refuses a message that contains one of these characters (API reference, SendMessage). Our
#: bodies are ASCII, but an attribute may quote an event or Genesys.
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SqsQueue:
    """Implements relay.kernel.ports.Queue."""

    def __init__(self, client: "SQSClient", url: str, trace: Callable[[], str] = str) -> None:
        """`trace` returns the X-Ray header of the current work, "" for none. Messages carry it, so
        that one trace covers all the functions."""
        self._client = client
        self._url = url
        self._trace = trace

    def send(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if _bytes(message) > SQS_MESSAGE_BYTES_MAX:
                raise Impossible(Code.MESSAGE_TOO_LARGE(_bytes(message)))
        for group in groups(messages, _bytes):
            trace = self._trace()
            entries = [_entry(number, message, trace) for number, message in enumerate(group)]
            with translated("SendMessageBatch", _IMPOSSIBLE):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = answer.get("Failed", [])
            if failed:
                codes = sorted({row["Code"] for row in failed})
                kind = Impossible if _IMPOSSIBLE.issuperset(codes) else Transient
                told = f"{len(failed)} messages not accepted ({', '.join(codes)})"
                raise kind(Code.CALL_FAILED("SendMessageBatch", told))

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        with translated("ChangeMessageVisibility"):
            self._client.change_message_visibility(
                QueueUrl=self._url,
                ReceiptHandle=delivery.receipt,
                VisibilityTimeout=max(0, round(seconds)),
            )

    def receive(self, most: int) -> Sequence[Delivery]:
        with translated("ReceiveMessage"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, SQS_ENTRIES_MAX),
                # A short poll asks only some of the servers, so it may miss messages.
                WaitTimeSeconds=RECEIVE_WAIT_S,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return [
            Delivery(
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                receives=int(message["Attributes"]["ApproximateReceiveCount"]),
                sent_at_ms=int(message["Attributes"]["SentTimestamp"]),
                attributes={
                    name: value.get("StringValue", "")
                    for name, value in message.get("MessageAttributes", {}).items()
                },
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, delivery: Delivery) -> None:
        with translated("DeleteMessage"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=delivery.receipt)


def groups(messages: Sequence[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """As many messages per call as SQS accepts, by number and by bytes (a call has the same limit
    as a message). `size` is a message's, in bytes."""
    group: list[T] = []
    total = 0
    for message in messages:
        own = size(message)
        if group and (len(group) == SQS_ENTRIES_MAX or total + own > SQS_MESSAGE_BYTES_MAX):
            yield group
            group, total = [], 0
        group.append(message)
        total += own
    if group:
        yield group


def _bytes(message: Outgoing) -> int:
    attributes = sum(
        len(name) + len(value.encode()) + len("String") for name, value in _attributes(message)
    )
    return len(message.body.encode()) + attributes


def _attributes(message: Outgoing) -> list[tuple[str, str]]:
    shown = [
        (name, _UNSENDABLE.sub("\ufffd", value))
        for name, value in message.attributes.items()
        if value
    ]
    return shown[:ATTRIBUTES_MAX]


def _entry(number: int, message: Outgoing, trace: str) -> Any:
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {}
    return {
        "Id": str(number),
        "MessageBody": message.body,
        "DelaySeconds": message.delay_s,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in _attributes(message)
        },
        "MessageSystemAttributes": header,
    }
