"""What a run publishes: the lines of a captured file, or a generated day."""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from local.day import SOURCE, Day

#: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: characters
#: that are not in a message's permitted set
_NOT_CARRIED = re.compile("[^\t\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: an event bus takes its partner source's name (EventBridge API, CreateEventBus: Name)
BUS_NAME_CHARS_MAX = 256


class InputError(Exception):
    """The input cannot be used; the text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input, as text and, where it is JSON, as a document."""

    text: str
    document: Any

    @property
    def is_publishable(self) -> bool:
        """Whether EventBridge would accept it: a source, a detail-type and a detail object."""
        return (
            isinstance(self.document, dict)
            and _is_text(self.document.get("source"))
            and _is_text(self.document.get("detail-type"))
            and isinstance(self.document.get("detail"), dict)
        )

    @property
    def envelope_id(self) -> str | None:
        stated = self.document.get("id") if isinstance(self.document, dict) else None
        return stated if isinstance(stated, str) and stated else None


def read_file(path: Path) -> list[Line]:
    """One envelope a line; empty lines are skipped. Raises InputError."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"EVENTS={path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"EVENTS={path} is not UTF-8 at byte {error.start}.") from error
    # Not splitlines(): it also breaks at U+2028 and others that JSON allows within a string.
    rows = [(number, row) for number, row in enumerate(text.split("\n"), 1) if row.strip()]
    for number, row in rows:
        if _NOT_CARRIED.search(row):
            raise InputError(
                f"EVENTS={path}, line {number}, holds a control character that no AWS message can "
                "carry: write it as a JSON escape."
            )
    lines = [read_line(row) for _, row in rows]
    if not lines:
        raise InputError(f"EVENTS={path} holds no events; it needs one envelope a line.")
    return lines


def generate(seed: int) -> list[Line]:
    """A day of a small contact centre."""
    published = Day(Random(seed)).published()
    return [read_line(json.dumps(envelope, ensure_ascii=False)) for envelope in published]


def bus_source(lines: list[Line]) -> str:
    """The partner source that most of the lines bear; a stack has one."""
    sources = Counter(line.document["source"] for line in lines if line.is_publishable)
    return sources.most_common(1)[0][0] if sources else SOURCE


def read_line(text: str) -> Line:
    """Reads strictly: Python's own NaN, Infinity and 1e999 are not JSON to anybody else."""
    try:
        return Line(text, json.loads(text, parse_constant=_refuse, parse_float=_finite))
    except (ValueError, RecursionError):
        return Line(text, None)


def _refuse(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


def _finite(token: str) -> float:
    number = float(token)
    return number if math.isfinite(number) else _refuse(token)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
