"""Damaged records: edited by hand, or written by an unknown release.

A damaged record affects only itself. It is read as if it were repaired: a number that became a
string is a number again, and a meaningless attribute counts as missing. Conditions refer to the
item in the table, so a record is repaired there before anything is decided on it. If its state is
lost, a person decides.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambdas.relay.kernel.limits import LOOK_AGAIN_S
from lambdas.relay.kernel.personal import brief
from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.reasons import Code, Reason

#: how often handling a record may fail before it goes to a person
FAILURES_MAX = 3


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _rows(**members: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list | tuple)
        and all(
            isinstance(row, Mapping) and all(fits(row.get(name)) for name, fits in members.items())
            for row in value
        )
    )


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(fits, value))


def _map_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and all(map(fits, value.values()))


def _is_expectation(value: Any) -> bool:
    try:
        rows = json.loads(value) if value else []
        return all(_is_text(key) and isinstance(shows, dict) for key, shows in rows)
    except (ValueError, TypeError):
        return False


_WHOLE = (
    "attempt", "lease_until_ms", "doubt_since_ms", "deferred", "sealed_at_ms", "settled_at_ms",
    "heard_at_ms", "accepted_at_ms", "reconciled_at_ms", "confirmed_at_ms", "resolved_at_ms",
    "orphaned_at_ms", "turn", "tries", "stretches", "resends", "reposts", "window_until_ms",
    "prompts", "failures", "items", "expires_at", "due_at", "conflict_since_ms", "unread_at_ms",
)  # fmt: skip
_TEXTS = (
    "holder", "destination", "genesys_id", "context_id", "conversation_id", "reason",
    "confirmed_by", "resolved_by", "parent", "compensated_by",
)  # fmt: skip
#: the attributes of a record, and whether a value is valid
SOUND: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_WHOLE, _is_whole),
    **dict.fromkeys(_TEXTS, _is_text),
    "locked": lambda value: isinstance(value, bool),
    "formerly": _list_of(_is_text),
    "events": _list_of(_is_text),
    "aged": _list_of(_is_text),
    "history": _list_of(_is_text),
    "duplicates": _list_of(_is_text),
    "contradictions": _list_of(_is_text),
    "parts": _rows(batch_id=_is_text),
    "held": _rows(identity=_is_text, detail_type=_is_text, session=_is_text, heard_at_ms=_is_whole),
    "seen": _map_of(_is_whole),
    "echoes": _map_of(_is_text),
    "expected": _is_expectation,
}
#: the attributes that say whether an attempt may have taken effect
_SENDING = frozenset({"attempt", "deferred", "doubt_since_ms", "lease_until_ms"})
#: attributes that every record has, and their values if they are missing
DEFAULTS: Item = {"attempt": 0, "lease_until_ms": 0}
#: in doubt since then: no idempotency key is trusted for that long
LONG_AGO_MS = 1
#: the state of a record whose own is invalid
LOST = "MANUAL_REVIEW"


def damaged(item: Item, states: frozenset[str]) -> Mapping[str, Any]:
    """The replacement for each invalid attribute; None: remove it."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        is_sound = SOUND.get(name)
        if is_sound is not None and not is_sound(value):
            found[name] = _coerced(name, value)
    for name, default in DEFAULTS.items():
        if name not in item:
            found[name] = default
    state = item.get("state")
    if not isinstance(state, str) or state not in states:
        found["state"] = LOST
    return found


def _coerced(name: str, value: Any) -> Any:
    if name in _WHOLE and isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:18])
    return DEFAULTS.get(name)


def sound(item: Item, states: frozenset[str]) -> Item:
    """The record as it is read."""
    found = damaged(item, states)
    if not found:
        return item
    return {name: value for name, value in {**item, **found}.items() if value is not None}


def repairing(
    item: Item, states: frozenset[str], review: str, now_ms: int
) -> tuple[Guard, Change] | None:
    """The repair of a record as guard and change; None if it needs none."""
    found = dict(damaged(item, states))
    if found.get("sealed_at_ms", item.get("sealed_at_ms")) is None:
        found["sealed_at_ms"] = now_ms  # its age counts from now: nobody gives it up for that
    if not found:
        return None
    # Absent and null look the same in a guard, and are not.
    same = {name: item.get(name) for name in found if name not in item or item[name] is not None}
    named = ", ".join(sorted(found))
    if "state" in found:
        reason = str(Code.RECORD_DAMAGED(named))
        found |= {"attention": review, "due_at": now_ms // 1000, "reason": reason}
        found["expires_at"] = None  # it was final, perhaps, and is not any more
    elif item["state"] == "OPEN" and found.keys() & _SENDING:
        # They also say how often it was sent: it must not count as never sent.
        found["doubt_since_ms"] = (
            found.get("doubt_since_ms", item.get("doubt_since_ms")) or LONG_AGO_MS
        )
    put = {name: value for name, value in found.items() if value is not None}
    drop = frozenset(name for name, value in found.items() if value is None)
    return Guard(None, same=same), Change(put=put, drop=drop)


def shelving(item: Item, review: str, now_ms: int, why: Reason) -> tuple[Guard, Change]:
    """Postpones a record whose handling failed with an unexpected error; after several failures it
    goes to a person, so that it does not block others."""
    same = {name: item.get(name) for name in ("state", "attempt", "holder", "turn")}
    failures = int(item.get("failures", 0)) + 1
    if failures < FAILURES_MAX:
        later = {"failures": failures, "due_at": now_ms // 1000 + LOOK_AGAIN_S}
        return Guard(None, same=same), Change(put=later)
    return Guard(None, same=same), Change(
        put={
            "state": LOST,
            "failures": failures,
            "attention": review,
            "due_at": now_ms // 1000,
            "reason": brief(str(Code.TURN_FAILED(failures, why))),
        }
    )
