"""Transitions of an accepted request: those that confirm and reconcile make.

An event can come while the request is still OPEN (before the answer, or instead of it). It is then
noted without touching the lease: the settling, or the next attempt, reads it. Every transition
names the state and the `turn` that it leaves; a turn is one change by correlation, so of two
functions that decide on the same record only one succeeds.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.kernel.limits import (
    CLAIM_TTL_S,
    LISTED_ON_RECORD_MAX,
    OVERDUE_S,
    RECONCILE_EVERY_S,
)
from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.reasons import Code, Reason, code_of
from lambdas.relay.requests.ordering import Applied, Held, Ordering
from lambdas.relay.requests.record import Record, kept, noted
from lambdas.relay.requests.states import OVERDUE, REVIEW

#: the attributes with the events that a record has seen
HEARD = ("seen", "held", "heard_at_ms", "confirmed_by", "conversation_id")


def turning(
    tracked: Record, put: Mapping[str, Any], drop: frozenset[str] = frozenset()
) -> tuple[Guard, Change]:
    """Only from the state and the turn on which the decision was made."""
    guard = Guard(frozenset({tracked.state}), same={"turn": tracked.turn or None})
    return guard, Change(put=put, add={"turn": 1}, drop=drop)


def _noted(tracked: Record, now_ms: int, note: Reason) -> Item:
    """While there is a lease, only its holder writes the history."""
    if tracked.state in ("SEALED", "OPEN"):
        return {}
    return {"history": noted(tracked.history, tracked.attempt, now_ms, note)}


def hearing(
    tracked: Record,
    met: Applied | Held,
    now_ms: int,
    *,
    event: str,
    conversation_id: str,
    is_evidence: bool,
    is_complete: bool,
) -> tuple[Guard, Change]:
    """An event was applied or held. It confirms the request if that completes the record."""
    note = _heard(event, met)
    put: dict[str, Any] = {**met.ordering.as_item(), **_noted(tracked, now_ms, note)}
    if is_evidence and not tracked.heard_at_ms:
        put |= {"heard_at_ms": now_ms, "confirmed_by": event}
    if conversation_id and not tracked.conversation_id:
        put["conversation_id"] = conversation_id
    if is_complete and can_be_confirmed(tracked):
        if not (is_evidence or tracked.heard_at_ms) and tracked.reconciled_at_ms:
            # Genesys was asked; this event only releases held ones.
            return turning(tracked, {**put, **_reconciled(now_ms)}, _NO_ATTENTION)
        by = {"confirmed_by": event}
        return turning(tracked, {**put, **by, **_confirmed(now_ms)}, _NO_ATTENTION)
    is_in_vain = tracked.state == "MANUAL_REVIEW" and code_of(tracked.reason) is Code.HELD_IN_VAIN
    if is_in_vain and not met.ordering.held:
        put["reason"] = kept(Code.CAME_LATE())  # a person must not look for events that have come
    return turning(tracked, put)


def _heard(event: str, met: Applied | Held) -> Reason:
    match met:
        case Held(missing=missing):
            return Code.HELD(event, ", ".join(missing))
        case Applied(released=released) if released:
            return Code.HEARD_AND_RELEASED(event, len(released))
        case _:
            return Code.HEARD(event)


def _reconciled(now_ms: int) -> Item:
    return {"state": "RECONCILED", "expires_at": now_ms // 1000 + CLAIM_TTL_S}


def can_be_confirmed(tracked: Record) -> bool:
    if tracked.state == "MANUAL_REVIEW":
        return tracked.is_whole and not tracked.is_locked
    return tracked.state in ("PENDING_EVENT", "TIMEOUT_RECOVERY", "RECONCILED")


_NO_ATTENTION = frozenset({"attention", "due_at", "doubt_since_ms"})


def _confirmed(now_ms: int) -> Item:
    return {
        "state": "CONFIRMED",
        "confirmed_at_ms": now_ms,
        "expires_at": now_ms // 1000 + CLAIM_TTL_S,
    }


def completing(tracked: Record, now_ms: int) -> tuple[Guard, Change]:
    """The events that complete the record came before its answer was settled."""
    final = _confirmed(now_ms) if tracked.heard_at_ms else _reconciled(now_ms)
    put = {**final, **_noted(tracked, now_ms, Code.HEARD_BEFORE())}
    return turning(tracked, put, _NO_ATTENTION)


def awaiting(now_ms: int, confirmation: Confirmation) -> Item:
    """The attributes of an accepted request whose event has not come yet. Reconcile handles the
    record if it is not final when the timers have ended."""
    window_s = confirmation.window_s
    return {
        "accepted_at_ms": now_ms,
        "window_until_ms": now_ms + window_s * 1000,
        "attention": OVERDUE,
        "due_at": now_ms // 1000 + window_s + RECONCILE_EVERY_S,
    }


def accepting(tracked: Record, now_ms: int, awaited: Confirmation) -> tuple[Guard, Change]:
    """Its event shows that it took effect, and its answer will not come: unless somebody has begun
    another attempt, it is accepted."""
    note = Code.HEARD_UNANSWERED()
    put = {
        "state": "PENDING_EVENT",
        "settled_at_ms": now_ms,
        "history": noted(tracked.history, tracked.attempt, now_ms, note),
        **awaiting(now_ms, awaited),
    }
    guard, change = turning(tracked, put, frozenset({"doubt_since_ms"}))
    return replace(guard, attempt=tracked.attempt), change


def stretching(tracked: Record, now_ms: int, seconds: float) -> tuple[Guard, Change]:
    """Events have stopped altogether: the window is extended."""
    return turning(
        tracked,
        {
            "stretches": tracked.stretches + 1,
            "window_until_ms": now_ms + int(seconds * 1000),
            "due_at": now_ms // 1000 + int(seconds) + RECONCILE_EVERY_S,
        },
    )


def recovering(tracked: Record, now_ms: int, note: Reason) -> tuple[Guard, Change]:
    """The window is over: Genesys is to be asked."""
    return turning(
        tracked,
        {
            "state": "TIMEOUT_RECOVERY",
            "due_at": now_ms // 1000 + RECONCILE_EVERY_S,
            **_noted(tracked, now_ms, note),
        },
    )


def asking_again(
    tracked: Record, now_ms: int, seconds: float, note: Reason
) -> tuple[Guard, Change]:
    """Genesys gave no clear answer; it is asked again later."""
    return turning(
        tracked,
        {
            "tries": tracked.tries + 1,
            "window_until_ms": now_ms + int(seconds * 1000),
            "due_at": now_ms // 1000 + int(seconds) + RECONCILE_EVERY_S,
            **_noted(tracked, now_ms, note),
        },
    )


def reconciling(
    tracked: Record, ordering: Ordering, now_ms: int, note: Reason, **more: object
) -> tuple[Guard, Change]:
    """Genesys' truth is what was expected. If events are still held, the record waits for their
    prerequisites."""
    put: dict[str, Any] = {**ordering.as_item(), **_noted(tracked, now_ms, note), **more}
    put["reconciled_at_ms"] = now_ms
    if ordering.held:
        return turning(tracked, {**put, "due_at": now_ms // 1000 + RECONCILE_EVERY_S})
    return turning(tracked, {**put, **_reconciled(now_ms)}, _NO_ATTENTION)


def reopening(tracked: Record, now_ms: int, note: Reason) -> tuple[Guard, Change]:
    """It was accepted without effect: the same request is sent again. In case it did take effect,
    it is listed as a possible duplicate."""
    return turning(
        tracked,
        {
            "state": "SEALED",
            "lease_until_ms": 0,
            "tries": 0,
            "resends": tracked.resends + 1,
            "reposts": tracked.reposts + 1,
            "attention": OVERDUE,
            "due_at": now_ms // 1000 + OVERDUE_S,
            **_noted(tracked, now_ms, note),
        },
        frozenset({"accepted_at_ms", "doubt_since_ms"}),
    )


def reviewing(
    tracked: Record, now_ms: int, reason: Reason, *, locked: bool, **more: object
) -> tuple[Guard, Change]:
    """A person must decide; `locked`: even if an event still comes."""
    put: dict[str, Any] = {
        "state": "MANUAL_REVIEW",
        "attention": REVIEW,
        "due_at": now_ms // 1000,
        "reason": kept(reason),
        **_noted(tracked, now_ms, reason),
        **more,
    }
    if locked:
        put["locked"] = True
    return turning(tracked, put, frozenset({"expires_at"}))


def listing(
    tracked: Record, now_ms: int, note: Reason, *, duplicates: tuple[str, ...] = (), event: str = ""
) -> tuple[Guard, Change]:
    """Lists a contradiction or duplicate in the record, whose state stays."""
    put: dict[str, Any] = dict(_noted(tracked, now_ms, note))
    if duplicates:
        put["duplicates"] = _listed(tracked.duplicates, duplicates)
    if event:
        put["contradictions"] = _listed(tracked.contradictions, (event,))
    return turning(tracked, put)


def _listed(known: tuple[str, ...], more: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys((*known, *more)))[:LISTED_ON_RECORD_MAX]


def postponing(tracked: Record, due_at_s: int, **more: object) -> tuple[Guard, Change]:
    """Reconcile handles it again at that time."""
    return turning(tracked, {"attention": OVERDUE, "due_at": due_at_s, **more})
