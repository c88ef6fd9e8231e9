"""Transitions of a parked request by a person's decision.

    REJECTED ───────┬─ again ────▶ SPLIT       a new request, under an id of its own, carries on
    MANUAL_REVIEW ──┼─ happened ─▶ RECONCILED  it took effect after all
                    ├─ discard ──▶ DISCARDED   it never will
                    ╰─ again ────▶ EMPTY       where every event turned out to be another's

The record's history keeps who decided, and why.
"""

from collections.abc import Mapping
from typing import Any

from lambdas.relay.kernel.limits import CLAIM_TTL_S, OVERDUE_S
from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.requests.record import Record, noted
from lambdas.relay.requests.states import OVERDUE, PARKED, State

_ATTENTION = frozenset({"attention", "due_at"})


def resolving(
    record: Record, state: State, now_ms: int, who: str, note: Reason
) -> tuple[Guard, Change]:
    """To a final state."""
    return _leaving(record, state, now_ms, who, note, _final(now_ms))


def continuing(
    record: Record, now_ms: int, who: str, note: Reason, part: Mapping[str, Any]
) -> tuple[Guard, Change]:
    """To SPLIT, with the new request as its part; overdue until that is sent."""
    waiting = {"attention": OVERDUE, "due_at": now_ms // 1000 + OVERDUE_S, "parts": [part]}
    return _leaving(record, "SPLIT", now_ms, who, note, waiting)


def concluding(now_ms: int) -> tuple[Guard, Change]:
    """The parts of a SPLIT request, or the new request of a person's `again`, have been sent, so
    the old one needs no more attention."""
    guard = Guard(frozenset({"SPLIT"}), same={"attention": OVERDUE})
    return guard, Change(put=_final(now_ms), add={"turn": 1}, drop=_ATTENTION)


def _final(now_ms: int) -> Item:
    return {"expires_at": now_ms // 1000 + CLAIM_TTL_S}


def _leaving(
    record: Record, state: State, now_ms: int, who: str, note: Reason, more: Item
) -> tuple[Guard, Change]:
    return (
        Guard(PARKED, attempt=record.attempt),
        Change(
            put={
                "state": state,
                "history": noted(record.history, record.attempt, now_ms, note),
                "resolved_by": who,
                "resolved_at_ms": now_ms,
                **more,
            },
            drop=(_ATTENTION | {"doubt_since_ms"}) - more.keys(),
        ),
    )
