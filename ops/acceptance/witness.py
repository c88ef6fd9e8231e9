"""Two queues of the run's own: what the relay writes arrives in the one, what alarms say in the
other."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: how an event of the run is known wherever it turns up
MARKER = re.compile(r"acceptance-[0-9a-f]{8}-\d+")
RECEIVES_EMPTY = 2
#: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
MESSAGES_MAX, LONG_POLL_S = 10, 2


class Mailbox:
    """A queue that is emptied by whoever looks into it."""

    def __init__(self, sqs: "SQSClient", name: str) -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = asked["Attributes"]["QueueArn"]

    def admit(self, service: str, source_arn: str) -> None:
        """Lets a service of AWS send here for one resource."""
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
        """The bodies of all that is there; each is deleted once it was read."""
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
    """How often each event took effect. What SQS itself delivers twice has one message id, and the
    relay's records bear ids of their own: neither is asked, for a record that was read is gone."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.seen: Counter[str] = Counter()
        #: which releases wrote, by what their records say
        self.releases: Counter[str] = Counter()

    def look(self) -> None:
        for body in self.mailbox.emptied():
            self.seen.update(set(MARKER.findall(body)))
            self.releases[str(json.loads(body).get("release"))] += 1


class Bell:
    """What reaches the topic of the alarms: (name, state), in the order of arrival."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.heard: list[tuple[str, str]] = []

    def look(self) -> None:
        for body in self.mailbox.emptied():
            notice: Any = json.loads(json.loads(body)["Message"])
            self.heard.append((str(notice["AlarmName"]), str(notice["NewStateValue"])))
