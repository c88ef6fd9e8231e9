"""Finds what the ledger does not know, or not completely: messages in queues, dead letters, and
what the vault keeps for a person. It searches their contents, so any name in them finds them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from ops import dead_letter
from ops.connection import Line, Relay
from ops.review_cases import quarantine_document, quarantined

#: the most that is searched per place
LETTERS_MAX = 1_000
DOCUMENTS_MAX = 1_000
#: Messages of a queue that are read. Each read is a receive, and after ten of those a message is
#: given up: so they are few, and read only if no other place knew anything.
MESSAGES_MAX = 100
#: how long a message that is read is hidden from its function (seconds)
LOOK_S = 2
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


def kept(relay: Relay, names: Iterable[str]) -> list[Place]:
    """Dead letters and quarantined messages that contain one of the names."""
    wanted = _usable(names)
    return [*_dead(relay, wanted), *_unreadable(relay, wanted)] if wanted else []


def requests_that_say(relay: Relay, name: str) -> list[str]:
    """The requests whose kept payload, or whose document for a person, contains the name."""
    wanted = _usable([name])
    return [
        batch_id
        for prefix in (REVIEW, SEALED)
        for batch_id in _documents(relay, prefix)
        if wanted and _says(relay.vault.fetch(f"{prefix}{batch_id}.json") or "", wanted)
    ]


def _documents(relay: Relay, prefix: str) -> Iterator[str]:
    pages = relay.s3.get_paginator("list_objects_v2").paginate(
        Bucket=relay.output("VaultBucketName"),
        Prefix=prefix,
        PaginationConfig={"MaxItems": DOCUMENTS_MAX},
    )
    for page in pages:
        for row in page.get("Contents", []):
            yield row["Key"].removeprefix(prefix).removesuffix(".json")


def queued(relay: Relay, name: str) -> list[Place]:
    """Messages waiting in a queue that contain the name."""
    wanted = _usable([name])
    return [place for line in relay.lines() for place in _waiting(relay, line, wanted)]


def _usable(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if len(name) >= NAME_CHARS_MIN]


def _says(text: str, wanted: Iterable[str]) -> bool:
    return any(name in text for name in wanted)


def _dead(relay: Relay, wanted: list[str]) -> Iterator[Place]:
    for line in relay.lines():
        found = dead_letter.read(relay, line, LETTERS_MAX)
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
            dead_letter.release(relay, line, found)


def _unreadable(relay: Relay, wanted: list[str]) -> Iterator[Place]:
    for one in quarantined(relay, DOCUMENTS_MAX):
        document = quarantine_document(relay, one.name)
        if one.name.startswith(tuple(wanted)) or _says(str(document["message"]), wanted):
            yield Place(
                QUARANTINE.rstrip("/"),
                one.name,
                f"unreadable; waits for a person: {sentence(document['reason'])}",
                f"relay review show {one.name}",
            )


def _waiting(relay: Relay, line: Line, wanted: list[str]) -> Iterator[Place]:
    seen: set[str] = set()
    while len(seen) < MESSAGES_MAX:
        answer = relay.sqs.receive_message(
            QueueUrl=line.url, MaxNumberOfMessages=SQS_ENTRIES_MAX, VisibilityTimeout=LOOK_S
        )
        messages = [m for m in answer.get("Messages", []) if m["MessageId"] not in seen]
        if not messages:
            return
        for message in messages:
            seen.add(message["MessageId"])
            if _says(message["Body"], wanted):
                yield Place(
                    line.name,
                    message["MessageId"],
                    "waits in the queue",
                    "relay status",
                )
