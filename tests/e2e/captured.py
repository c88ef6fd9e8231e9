"""A captured file of 1,000 lines, and what must become of each: known from how it is made."""

import copy
import json
import uuid
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.envelopes import NAMES, Envelope, envelope, republished, text

#: whoever sends them: a run deploys its bus under this name
SOURCE = "acme.telephony/hamburg"
UNIQUE = 680
REDELIVERED = 150
REPUBLISHED = 150


@dataclass(frozen=True, slots=True)
class Captured:
    lines: tuple[str, ...]
    unique: int
    duplicates: int
    malformed: int


def captured(seed: int) -> Captured:
    """The same file for the same seed."""
    entropy = Random(seed)
    originals = [_event(number, entropy) for number in range(UNIQUE)]
    # Two different events under one envelope id are two events.
    originals[1]["id"] = originals[0]["id"]
    copied = entropy.sample(range(UNIQUE), REDELIVERED + REPUBLISHED)
    again = [copy.deepcopy(originals[number]) for number in copied[:REDELIVERED]]
    anew = [
        {**republished(originals[number]), "id": _id(entropy)} for number in copied[REDELIVERED:]
    ]
    malformed = _malformed(entropy)
    lines = [text(document) for document in (*originals, *again, *anew)] + malformed
    entropy.shuffle(lines)
    return Captured(tuple(lines), UNIQUE, len(again) + len(anew), len(malformed))


def _event(number: int, entropy: Random) -> Envelope:
    """An event of its own: each one names another conversation, user or entity."""
    name = NAMES[number % len(NAMES)]
    document = envelope(name)
    body = document["detail"]["eventBody"]
    for member in ("conversationId", "participantId", "sessionId", "id"):
        if member in body:
            body[member] = _id(entropy)
    body["number"] = number
    body["said"] = entropy.choice(["", "¿qué?", "a\u2028b", "\U0001f600", '"quoted"\\', "<&>"])
    document["id"] = _id(entropy)
    document["source"] = SOURCE
    return document


def _malformed(entropy: Random) -> list[str]:
    """Twenty lines that are no events, each in a way of its own."""
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    good = _event(10_000, entropy)

    def but(**changes: Any) -> str:
        return text({**good, "id": _id(entropy), **changes})

    def body(**changes: Any) -> str:
        detail = copy.deepcopy(good["detail"])
        detail["eventBody"].update(changes)
        return but(detail=detail)

    without_detail = {name: value for name, value in good.items() if name != "detail"}
    return [
        "this is not JSON",
        text(good)[:-20],
        "[]",
        "7",
        "null",
        '"a string"',
        "{}",
        text(without_detail),
        but(detail=None),
        but(detail="a string"),
        but(detail=[]),
        but(detail={}),
        but(detail={"topicName": "v2.users.x.presence", "eventBody": None}),
        but(detail={"topicName": "v2.users.x.presence", "eventBody": ["a"]}),
        but(detail={"topicName": 7, "eventBody": {"a": 1}}),
        but(**{"detail-type": ""}),
        body(conversationId=7),
        body(conversationId=["a"]),
        body(deep=deep),
        text(good).replace('"number": 10000', '"number": NaN'),
    ]


def _id(entropy: Random) -> str:
    return str(uuid.UUID(int=entropy.getrandbits(128), version=4))


def write(document: Captured) -> str:
    return "".join(f"{line}\n" for line in document.lines)


def is_well_made(document: Captured) -> bool:
    """Exactly what it says, judged by the lines alone."""
    bodies = [_body(line) for line in document.lines]
    good = [body for body in bodies if body is not None]
    return (
        len(document.lines) == document.unique + document.duplicates + document.malformed
        and len(set(good)) == document.unique
        and len(good) == document.unique + document.duplicates
    )


def _body(line: str) -> str | None:
    """The number of a good event; the malformed ones have another or none."""
    try:
        number = json.loads(line)["detail"]["eventBody"]["number"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(number) if number in range(UNIQUE) else None
