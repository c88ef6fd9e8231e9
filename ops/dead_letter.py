"""Dead letters: read in their queues, and selected by their attributes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lambdas.relay.entrances.arrivals import FIRST_SEEN
from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code, Reason, read_reason, sentence
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.messages.dead_letters import ATTEMPTS, REASON, REDRIVES
from ops.connection import Line, Relay
from ops.errors import OpsError
from ops.spellings import is_named

#: how long dead letters that are read here are hidden from others (seconds)
HOLD_S = 120
#: dead letters read per queue, unless more are asked for
MOST_DEFAULT = 1_000
#: a long poll asks all of SQS's hosts, a short one only some of them
#: (docs.aws.amazon.com/AWSSimpleQueueService/.../sqs-short-and-long-polling.html)
WAIT_S = 1


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter and its queue."""

    queue: str
    delivery: Delivery

    def says(self, name: str) -> str:
        return self.delivery.attributes.get(name, "")

    @property
    def reason(self) -> Reason:
        """The reason that the letter's sender gave: a function or EventBridge; SQS gives none."""
        if self.says(REASON):
            return read_reason(self.says(REASON))
        if self.says("ERROR_CODE"):
            said = f"{self.says('ERROR_CODE')} {self.says('ERROR_MESSAGE')}".strip()
            return Code.QUOTED(f"EventBridge: {said}")
        return Code.UNSAID()

    @property
    def attempts(self) -> str:
        """The number of attempts that the letter's sender counted; "" if SQS moved it: SQS's own
        count grows with every read of the dead letters, so it says nothing."""
        return self.says(ATTEMPTS) or self.says("RETRY_ATTEMPTS")

    @property
    def first_seen(self) -> str:
        return self.says(FIRST_SEEN) or iso(self.delivery.sent_at_ms)

    def document(self) -> dict[str, object]:
        """For JSON output."""
        return {
            "queue": self.queue,
            "message_id": self.delivery.message_id,
            "reason": sentence(self.reason),
            "code": self.reason.code.name,
            "attempts": self.attempts,
            "first_seen": self.first_seen,
            "redrives": self.says(REDRIVES) or "0",
            "attributes": dict(self.delivery.attributes),
            "body": self.delivery.body,
        }


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters to select; an empty field does not restrict, and the beginning of an id is
    enough (ops/spellings.py)."""

    reason: str = ""
    batch: str = ""
    conversation: str = ""
    identity: str = ""
    message: str = ""
    #: first seen at least this many seconds ago
    older_than_s: int = 0

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def takes(self, letter: DeadLetter, now_ms: int) -> bool:
        ids = (
            (self.batch, letter.says("batch")),
            (self.conversation, letter.says("conversation")),
            (self.identity, letter.says("identity")),
        )
        return (
            self.reason.lower() in f"{letter.reason} {sentence(letter.reason)}".lower()
            and all(not wanted or is_named(found, wanted) for wanted, found in ids)
            and letter.delivery.message_id.startswith(self.message.strip().lower())
            and now_ms - _seen_ms(letter) >= self.older_than_s * 1000
        )


def _seen_ms(letter: DeadLetter) -> float:
    try:
        return datetime.fromisoformat(letter.first_seen).astimezone(UTC).timestamp() * 1000
    except ValueError:
        return letter.delivery.sent_at_ms


def seconds(text: str) -> int:
    """Reads 90s, 15min, 2h, 3d. Raises OpsError."""
    found = re.fullmatch(r"(\d+)\s*(s|min|h|d)", text.strip())
    if found is None:
        raise OpsError(f"{text} is not a valid duration: use a form such as 90s, 15min, 2h or 3d.")
    return int(found[1]) * {"s": 1, "min": 60, "h": 3_600, "d": 86_400}[found[2]]


def read(relay: Relay, line: Line, most: int) -> list[DeadLetter]:
    """Up to `most` letters, hidden from others until `release` is called or HOLD_S have passed."""
    found: dict[str, DeadLetter] = {}
    while len(found) < most:
        letters = list(_receive(relay, line, min(SQS_ENTRIES_MAX, most - len(found))))
        if not letters:
            break
        found |= {letter.delivery.message_id: letter for letter in letters}
    return list(found.values())


def _receive(relay: Relay, line: Line, most: int) -> Iterator[DeadLetter]:
    answer = relay.sqs.receive_message(
        QueueUrl=line.dead_url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=HOLD_S,
        WaitTimeSeconds=0 if relay.is_embedded else WAIT_S,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
    )
    for message in answer.get("Messages", []):
        told: Mapping[str, str] = {
            name: value.get("StringValue", "")
            for name, value in message.get("MessageAttributes", {}).items()
        }
        yield DeadLetter(
            line.name,
            Delivery(
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                receives=int(message["Attributes"]["ApproximateReceiveCount"]),
                sent_at_ms=int(message["Attributes"]["SentTimestamp"]),
                attributes=told,
            ),
        )


def release(relay: Relay, line: Line, letters: Sequence[DeadLetter]) -> None:
    """Makes them visible to others again."""
    for start in range(0, len(letters), SQS_ENTRIES_MAX):
        relay.sqs.change_message_visibility_batch(
            QueueUrl=line.dead_url,
            Entries=[
                {
                    "Id": str(number),
                    "ReceiptHandle": letter.delivery.receipt,
                    "VisibilityTimeout": 0,
                }
                for number, letter in enumerate(letters[start : start + SQS_ENTRIES_MAX])
            ],
        )


def send_back(relay: Relay, line: Line, letter: DeadLetter) -> None:
    """Redrive, with a new budget of redrives. Sent before it is deleted: a crash in between leaves
    two copies, and copies change nothing."""
    kept = {name: v for name, v in letter.delivery.attributes.items() if name != REDRIVES}
    relay.queue(line.url).send([Outgoing(letter.delivery.body, kept)])
    relay.queue(line.dead_url).delete(letter.delivery)
