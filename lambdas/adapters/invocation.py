"""What Lambda passes to an invocation (SQS records) and takes back (partial batch failures)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lambdas.relay.kernel.ports import Clock, Delivery

#: marks a delivery that came from no queue: a bare event from the console's Test button
NO_RECEIPT = ""


class Context(Protocol):
    """What we use of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int: ...


def deadline_ms(context: Context, clock: Clock) -> int:
    """When Lambda will end this invocation, by the clock of `now_ms`."""
    return clock.now_ms() + context.get_remaining_time_in_millis()


def deliveries_of(event: Mapping[str, Any], clock: Clock) -> list[Delivery]:
    """The messages of an SQS event; a bare EventBridge event counts as one message."""
    if "Records" not in event:
        return [Delivery("bare", NO_RECEIPT, json.dumps(event), 1, clock.now_ms())]
    return [
        Delivery(
            message_id=record["messageId"],
            receipt=record["receiptHandle"],
            body=record["body"],
            receives=int(record["attributes"]["ApproximateReceiveCount"]),
            sent_at_ms=int(record["attributes"]["SentTimestamp"]),
            attributes={
                name: value.get("stringValue", "")
                for name, value in record.get("messageAttributes", {}).items()
            },
        )
        for record in event["Records"]
    ]


def answer(kept: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Names every message that must stay in its queue. An empty list: all may be deleted
    (docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in kept]}
