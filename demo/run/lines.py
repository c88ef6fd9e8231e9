"""What a run publishes: the lines of a captured file, or a generated day."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.day import SOURCE, Day

#: what a bus may be called
#: (docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html)
_BUS_NAME = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")


class InputError(Exception):
    """The input cannot be used; the text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input, as text and, if it is JSON, as a document."""

    text: str
    document: Any
    #: its place in the captured file, for people; "" for a generated line
    place: str = ""
    #: the number of the generated event: lines with the same number are copies. It is never
    #: published. None: unknown, or no event
    happening: int | None = None

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


def generate(seed: int) -> list[Line]:
    """A day of a small contact centre."""
    return [
        Line(json.dumps(envelope, ensure_ascii=False), envelope, happening=number)
        for number, envelope in Day(Random(seed)).published()
    ]


def bus_source(lines: Sequence[Line]) -> str:
    """The partner source of most lines, after which the bus is named; a stack has only one."""
    sources = Counter(line.document["source"] for line in lines if line.is_publishable)
    return next((name for name, _ in sources.most_common() if _BUS_NAME.fullmatch(name)), SOURCE)


def read_line(text: str, place: str = "") -> Line:
    """Reads strictly: Python accepts NaN, Infinity and 1e999, which are not JSON."""
    try:
        document = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return Line(text, None, place)
    return Line(text, document, place)


def _refuse(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


def _finite(token: str) -> float:
    number = float(token)
    return number if math.isfinite(number) else _refuse(token)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
