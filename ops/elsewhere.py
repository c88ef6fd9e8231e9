"""Finds what the ledger does not know, or not completely: messages in queues, dead letters, and
what the vault keeps for a person. It searches their contents, so any name in them finds them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from ops import dead_letter
from ops.connection import Line, Relay
from ops.review_cases import quarantine_document, quarantined
from ops.screen import plural

#: the most that is searched per place
LETTERS_MAX = 1_000
DOCUMENTS_MAX = 1_000
#: Messages of a queue that are read. Each read is a receive, and after ten of those a message is
#: given up: so they are few, and read only if no other place knew anything.
MESSAGES_MAX = 100
#: how long a message that is read is hidden from its function (seconds)
LOOK_S = 2
#: the escapes of a JSON text (RFC 8259, section 7)
_CODE, _ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})"), re.compile(r"\\+([\"/\\])")
#: a shorter name would match every message
NAME_CHARS_MIN = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found, and which command continues from there."""

    where: str
    #: that command's argument
    name: str
    says: str
    command: str

    def document(self) -> dict[str, str]:
        return {
            "where": self.where,
            "id": self.name,
            "fate": self.says,
            "command": self.command,
        }


class Elsewhere:
    """One search. `unread` says, in sentences, what was not searched: whoever finds nothing must
    not be told that nothing is there."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.unread: list[str] = []

    def kept(self, names: Iterable[str]) -> list[Place]:
        """Dead letters and quarantined messages that contain one of the names."""
        wanted = _usable(names)
        return [*self._dead(wanted), *self._unreadable(wanted)] if wanted else []

    def requests_that_say(self, names: Iterable[str]) -> list[str]:
        """The requests whose kept payload, or whose document for a person, contains a name."""
        wanted = _usable(names)
        return [
            batch_id
            for prefix in (REVIEW, SEALED)
            for batch_id in self._documents(prefix)
            if wanted and _says(self._relay.vault.fetch(f"{prefix}{batch_id}.json") or "", wanted)
        ]

    def queued(self, names: Iterable[str]) -> list[Place]:
        """Messages waiting in a queue that contain a name."""
        wanted = _usable(names)
        return [place for line in self._relay.lines() for place in self._waiting(line, wanted)]

    def _documents(self, prefix: str) -> Iterator[str]:
        pages = self._relay.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._relay.output("VaultBucketName"),
            Prefix=prefix,
            PaginationConfig={"MaxItems": DOCUMENTS_MAX},
        )
        keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
        self._note(len(keys) >= DOCUMENTS_MAX, f"documents of {prefix} in the vault", DOCUMENTS_MAX)
        yield from (key.removeprefix(prefix).removesuffix(".json") for key in keys)

    def _dead(self, wanted: list[str]) -> Iterator[Place]:
        for line in self._relay.lines():
            found = dead_letter.read(self._relay, line, LETTERS_MAX)
            self._note(len(found) >= LETTERS_MAX, f"dead letters of {line.name}", LETTERS_MAX)
            try:
                for letter in found:
                    said = (letter.delivery.message_id, *letter.delivery.attributes.values())
                    if _says(" ".join((*said, letter.delivery.body)), wanted):
                        name = letter.delivery.message_id
                        yield Place(
                            f"{line.name}-dead",
                            name,
                            f"a dead letter: {sentence(letter.reason)}",
                            f"relay dead-letters show {name}",
                        )
            finally:
                dead_letter.release(self._relay, line, found)

    def _unreadable(self, wanted: list[str]) -> Iterator[Place]:
        names = [one.name for one in quarantined(self._relay, DOCUMENTS_MAX)]
        self._note(len(names) >= DOCUMENTS_MAX, "messages in quarantine", DOCUMENTS_MAX)
        for name in names:
            document = quarantine_document(self._relay, name)
            if _says(f"{name} {document['message']}", wanted):
                yield Place(
                    QUARANTINE.rstrip("/"),
                    name,
                    f"unreadable; waits for a person: {sentence(document['reason'])}",
                    f"relay review show {name}",
                )

    def _waiting(self, line: Line, wanted: list[str]) -> Iterator[Place]:
        seen: set[str] = set()
        while len(seen) < MESSAGES_MAX:
            answer = self._relay.sqs.receive_message(
                QueueUrl=line.url, MaxNumberOfMessages=SQS_ENTRIES_MAX, VisibilityTimeout=LOOK_S
            )
            messages = [m for m in answer.get("Messages", []) if m["MessageId"] not in seen]
            if not messages:
                break
            for message in messages:
                seen.add(message["MessageId"])
                if _says(f"{message['MessageId']} {message['Body']}", wanted):
                    yield Place(
                        line.name,
                        message["MessageId"],
                        "waits in the queue",
                        "relay status",
                    )
        if (others := _messages(self._relay, line) - len(seen)) > 0:
            self.unread.append(
                f"{plural(others, 'message')} of {line.name} could not be read: at most "
                f"{MESSAGES_MAX} are, and none that a function has or that is delayed; try again "
                "in a minute."
            )

    def _note(self, is_cut: bool, what: str, most: int) -> None:
        if is_cut:
            self.unread.append(f"Only {most:,} {what} were searched.")


def _messages(relay: Relay, line: Line) -> int:
    """How many messages a queue has: visible, received by somebody, delayed."""
    answer = relay.sqs.get_queue_attributes(
        QueueUrl=line.url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )
    return sum(int(count) for count in answer["Attributes"].values())


def _usable(names: Iterable[str]) -> list[str]:
    return [_folded(name) for name in dict.fromkeys(names) if len(name) >= NAME_CHARS_MIN]


def _says(text: str, wanted: Iterable[str]) -> bool:
    said = _folded(text)
    return any(name in said for name in wanted)


def _folded(text: str) -> str:
    """Without what differs between writers: the case, and the escapes of JSON, which are doubled
    where a document holds another as a text."""
    if "\\" in text:
        text = _CODE.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _ESCAPED.sub(r"\1", text)
    return text.lower()
