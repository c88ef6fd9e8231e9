"""Reads documents from outside. Every reader raises Malformed, whose reason names members and types
but never quotes a value, since it is logged."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.time_format import counted_ms

_DIGITS = re.compile(r"[1-9][0-9]{8,18}(\.[0-9]{1,9})?")
#: years that all calendars agree on; programs write 0001 and 9999 for "never"
_ISO = re.compile(
    r"((?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})"
    r"(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a detail, independent of its shape."""

    topic: str
    #: what identifies the event, to be hashed; it begins with the kind of identification
    identified_by: tuple[str, ...]
    #: the whole content, without what differs between copies
    said: str
    conversation_id: str | None
    correlation_id: str | None
    occurred_at_ms: int | None
    body: Mapping[str, Any]
    #: the time of publishing, if the content is a state that can recur; else None
    stamp: str | None = None


def text(document: Mapping[str, Json], key: str, where: str) -> str:
    value = optional_text(document, key, where)
    if not value:
        raise Malformed(Code.NO_MEMBER(where, key))
    return value


def optional_text(document: Mapping[str, Json], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(Code.MEMBER_OF_ANOTHER_TYPE(where, key, kind(value), "a string"))
    return value


def members(document: Mapping[str, Json], key: str, where: str) -> Mapping[str, Json]:
    value = document.get(key)
    if value is None:
        raise Malformed(Code.NO_MEMBER(where, key))
    if not isinstance(value, dict):
        raise Malformed(Code.MEMBER_OF_ANOTHER_TYPE(where, key, kind(value), "an object"))
    return value


def moment(document: Mapping[str, Json], key: str, where: str) -> int | None:
    """The time that a sender states, in milliseconds; None if it states none. Raises Malformed if
    the value is ambiguous."""
    value = document[key]
    read = moment_ms(value)
    if read is None and value is not None:
        raise Malformed(Code.NO_MOMENT(where, key, kind(value)))
    return read


def moment_ms(value: Json) -> int | None:
    """The time that a value means, in milliseconds since 1970 (finer parts are cut off); None if it
    means none or is ambiguous."""
    if isinstance(value, str):
        return iso_ms(value) if _DIGITS.fullmatch(value) is None else counted_ms(Decimal(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON can contain integers that a float cannot represent.
    is_count = isinstance(value, int) or math.isfinite(value)
    return counted_ms(Decimal(repr(value))) if is_count else None


def iso_ms(stamp: str) -> int | None:
    """ISO 8601: a date, a time to the minute or finer, and an offset, without which it is
    ambiguous."""
    found = _ISO.fullmatch(stamp)
    if found is None:
        return None
    date, minute, second, fraction, offset = found.groups()
    try:
        read = datetime.fromisoformat(f"{date}T{minute}:{second or '00'}{_offset(offset)}")
    except ValueError:
        return None
    return int((read - _EPOCH).total_seconds()) * 1000 + int((fraction or "")[:3].ljust(3, "0"))


def _offset(stated: str) -> str:
    if stated in "Zz":
        return "+00:00"
    digits = stated[1:].replace(":", "")
    return f"{stated[0]}{digits[:2]}:{digits[2:] or '00'}"


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
