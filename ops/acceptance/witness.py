"""The run's own two queues: one receives what the relay writes, the other what the alarms send."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: how an event of the run is recognised wherever it turns up
MARKER = re.compile(r"acceptance-[0-9a-f]{8}-\d+")
RECEIVES_EMPTY = 2
#: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
MESSAGES_MAX, LONG_POLL_S = 10, 2


class Mailbox:
    """A queue that is emptied when read."""

    def __init__(self, sqs: "SQSClient", name: str) -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = asked["Attributes"]["QueueArn"]

    def admit(self, service: str, source_arn: str) -> None:
        """Allows an AWS service to send here for one resource."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def emptied(self) -> Iterator[str]:
        """All the bodies in it; each is deleted once read."""
        empty = 0
        while empty < RECEIVES_EMPTY:
            messages = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=MESSAGES_MAX, WaitTimeSeconds=LONG_POLL_S
            ).get("Messages", [])
            empty = 0 if messages else empty + 1
            for message in messages:
                yield message["Body"]
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def delete(self) -> None:
        self._sqs.delete_queue(QueueUrl=self.url)


class Witness:
    """How often each event took effect. SQS's own repetitions share a message id, and the relay's
    records have ids of their own: neither is used, since records are deleted once read."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.seen: Counter[str] = Counter()
        #: which releases wrote, according to their records
        self.releases: Counter[str] = Counter()

    def look(self) -> None:
        for body in self.mailbox.emptied():
            self.seen.update(set(MARKER.findall(body)))
            self.releases[str(json.loads(body).get("release"))] += 1


class Bell:
    """What reaches the alarms' topic: (name, state), in the order of arrival."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.heard: list[tuple[str, str]] = []

    def look(self) -> None:
        for body in self.mailbox.emptied():
            notice: Any = json.loads(json.loads(body)["Message"])
            self.heard.append((str(notice["AlarmName"]), str(notice["NewStateValue"])))
