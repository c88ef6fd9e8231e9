"""Reading documents that others wrote. Every reader raises Malformed with one sentence, which
names members and kinds but never quotes a value: a sentence ends up in logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambdas.relay.canonical import Json
from lambdas.relay.errors import Malformed

#: the first and the last whole second that `datetime` knows, in milliseconds since 1970
CALENDAR_MS = (-62_135_596_800_000, 253_402_300_799_000)


@dataclass(frozen=True, slots=True)
class Content:
    """What a detail says, whatever shape it says it in."""

    topic: str
    #: what makes two copies one event, hashed; how they are told apart comes first
    identified_by: tuple[str, ...]
    #: all that was said, without what differs between copies
    said: str
    conversation_id: str | None
    correlation_id: str | None
    occurred_at_ms: int | None
    body: Mapping[str, Any]


def text(document: Mapping[str, Json], key: str, where: str) -> str:
    value = optional_text(document, key, where)
    if not value:
        raise Malformed(f"{where} has no {key}")
    return value


def optional_text(document: Mapping[str, Json], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{where} has {a(key)} that is {kind(value)}, not a string")
    return value


def members(document: Mapping[str, Json], key: str, where: str) -> Mapping[str, Json]:
    value = document.get(key)
    if value is None:
        raise Malformed(f"{where} has no {key}")
    if not isinstance(value, dict):
        raise Malformed(f"{where} has {a(key)} that is {kind(value)}, not an object")
    return value


def moment(value: Json, name: str) -> int | None:
    """Genesys says times as integer milliseconds or as ISO 8601, differently by topic."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed(f"{name} is {kind(value)}, not a number of milliseconds or an ISO time")
    return iso_ms(value) if isinstance(value, str) else _in_calendar(int(value))


def iso_ms(stamp: str) -> int | None:
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    return _in_calendar(int(read.timestamp() * 1000))


def _in_calendar(moment_ms: int) -> int | None:
    """A number that is no time of the years 1 to 9999 says nothing of when it happened."""
    return moment_ms if CALENDAR_MS[0] <= moment_ms <= CALENDAR_MS[1] else None


def a(name: str) -> str:
    """A member's name with its article."""
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
