"""What the account makes of lines that Genesys did not write: business events and the shapes of
tutorials. Decided here once more, from docs/entrances.md, without the code under test."""

import json
import re
from datetime import datetime
from typing import Any

#: docs/entrances.md, "Business events"
NAMES = {"id", "type", "occurredAt", "correlationId", "identifiers", "attributes"}
CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
STAMP = re.compile(
    r"(?:19|2\d)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))\Z", re.ASCII
)


def sender_says(source: str, detail_type: str, detail: dict[str, Any]) -> str | None:
    """The event that a detail without eventBody tells of, as text that is equal for copies; None
    where it tells of none."""
    if {"type", "createdTime"} <= detail.keys():
        said = _posted(detail)
    elif {"type", "occurredAt"} <= detail.keys():
        said = _business(detail)
    elif {"conversationId", "timestamp"} <= detail.keys():
        said = _flat(detail_type, detail)
    else:
        return None
    return None if said is None else _text([source, *said])


def _posted(detail: dict[str, Any]) -> list[Any] | None:
    is_named = _is_text(detail.get("id")) and _is_text(detail["type"])
    if not is_named or not _is_time(detail["createdTime"]):
        return None
    spoken_for = {"id", "type", "createdTime", "data", "correlationId", "metadata"}
    rest = {name: value for name, value in detail.items() if name not in spoken_for}
    return [detail["id"], detail["type"], {}, detail.get("data", {}), rest]


def _flat(detail_type: str, detail: dict[str, Any]) -> list[Any] | None:
    is_named = _is_text(detail["conversationId"]) and all(
        detail.get(name) is None or isinstance(detail[name], str) for name in ("id", "eventType")
    )
    if not is_named or not _is_time(detail["timestamp"]):
        return None
    unsaid = {"metadata", "correlationId"} | ({"timestamp"} if detail.get("id") else set())
    return [detail_type, {name: value for name, value in detail.items() if name not in unsaid}]


def _business(detail: dict[str, Any]) -> list[Any] | None:
    identifiers, attributes = detail.get("identifiers", {}), detail.get("attributes", {})
    correlation = detail.get("correlationId", "none")
    fits = (
        detail.keys() <= NAMES
        and _is_text(detail["type"], 128)
        and ("id" not in detail or _is_text(detail["id"], 256))
        and isinstance(correlation, str)
        and CORRELATION.match(correlation)
        and isinstance(attributes, dict)
        and isinstance(identifiers, dict)
        and len(identifiers) <= 25
        and all(_is_text(value, 256) for value in identifiers.values())
        and _is_stamp(detail["occurredAt"])
    )
    if not fits:
        return None
    said = [detail["type"], identifiers, attributes, {}]
    return [detail["id"], *said] if "id" in detail else [None, detail["occurredAt"], *said]


def _is_text(value: Any, chars_max: int | None = None) -> bool:
    return isinstance(value, str) and value != "" and len(value) <= (chars_max or len(value))


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | str) and not isinstance(value, bool))


def _is_stamp(value: Any) -> bool:
    if not isinstance(value, str) or (found := STAMP.match(value)) is None:
        return False
    hours, minutes = found.groups(default="0")
    try:
        datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 only whether it is one
    except ValueError:
        return False
    return int(hours) < 24 and int(minutes) < 60


def _text(said: list[Any]) -> str | None:
    try:
        return json.dumps(said, sort_keys=True, allow_nan=False)
    except ValueError:
        return None  # NaN or infinity: not JSON
