"""A request's record as correlation sees it: what was expected, what was heard, what comes next.

    PENDING_EVENT ──event──▶ CONFIRMED
         │  ╲──window over──▶ TIMEOUT_RECOVERY ──truth agrees──▶ RECONCILED ──event──▶ CONFIRMED
         │                        │   │  ╰──truth differs──▶ MANUAL_REVIEW, or compensated
         │                        │   ╰──it never happened──▶ SEALED: sent again, verbatim
         ╰─▶ an early event whose hold expired ──▶ MANUAL_REVIEW

An event can come while the request is still OPEN (before the answer, or instead of it). It is then
noted as heard, without touching the lease: the settling, or the next attempt, reads it. Every
transition names the state and the `turn` that it leaves; a turn is one change by correlation, so
two functions that decide on the same record never both succeed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.relay.correlating.lifecycle import Walk
from lambdas.relay.destinations.correlation import Confirmation, Expectation, read_expected
from lambdas.relay.ledger.requests import HISTORY_MAX, OVERDUE, REVIEW, State
from lambdas.relay.limits import (
    CLAIM_TTL_S,
    LISTED_ON_RECORD_MAX,
    OVERDUE_S,
    REASON_CHARS_MAX,
    RECONCILE_EVERY_S,
)
from lambdas.relay.ports import Change, Guard, Item

#: states in which the record can still learn of an event
LISTENING: frozenset[State] = frozenset(
    {"SEALED", "OPEN", "PENDING_EVENT", "TIMEOUT_RECOVERY", "RECONCILED", "MANUAL_REVIEW"}
)
WAITING: frozenset[State] = frozenset({"PENDING_EVENT", "TIMEOUT_RECOVERY"})
#: attributes of a record in which it keeps what it has heard
HEARD = ("seen", "held", "heard_at_ms", "confirmed_by", "conversation_id")
#: why a person has a record: an early event's hold is over, or was and it has been released since
HELD_IN_VAIN = "came and was held, but not what must precede it"
CAME_LATE = "what an early event waited for came late; what completes the request has not come"


@dataclass(frozen=True, slots=True)
class Tracked:
    """What correlation reads of a record."""

    batch_id: str
    state: State
    attempt: int
    #: attempts that certainly had no effect
    deferred: int
    destination: str
    items: int
    expected: tuple[Expectation, ...]
    #: the requests that it was split into
    parts: tuple[str, ...]
    #: as Genesys answered it; "" before, or where it answers none
    genesys_id: str
    #: the conversation that an event or the answer named first
    conversation_id: str
    #: since when it is known by an event that the request took effect; 0: it is not
    heard_at_ms: int
    #: since when Genesys' answer says so, and since when its truth does; 0: they do not
    accepted_at_ms: int
    reconciled_at_ms: int
    walk: Walk
    turn: int
    #: questions asked about it, windows stretched, times sent again because it had not happened
    tries: int
    stretches: int
    resends: int
    reposts: int
    window_until_ms: int
    sealed_at_ms: int
    lease_until_ms: int
    history: tuple[str, ...]
    #: why a person has it; "" where none has
    reason: str
    #: a person has to decide, whatever comes
    is_locked: bool
    duplicates: tuple[str, ...]
    contradictions: tuple[str, ...]

    @classmethod
    def of(cls, item: Item) -> "Tracked":
        return cls(
            batch_id=str(item["pk"]).removeprefix("R#"),
            state=item["state"],
            attempt=item["attempt"],
            deferred=item.get("deferred", 0),
            destination=item.get("destination", ""),
            # What its own requests caused is recorded with it and not sent.
            items=len(item.get("events", ())) - len(item.get("echoes", ())),
            expected=read_expected(item.get("expected", "")),
            parts=tuple(row["batch_id"] for row in item.get("parts", ())),
            genesys_id=item.get("genesys_id", ""),
            conversation_id=item.get("conversation_id", ""),
            heard_at_ms=item.get("heard_at_ms", 0),
            accepted_at_ms=item.get("accepted_at_ms", 0),
            reconciled_at_ms=item.get("reconciled_at_ms", 0),
            walk=Walk.of(item),
            turn=item.get("turn", 0),
            tries=item.get("tries", 0),
            stretches=item.get("stretches", 0),
            resends=item.get("resends", 0),
            reposts=item.get("reposts", 0),
            window_until_ms=item.get("window_until_ms", 0),
            sealed_at_ms=item.get("sealed_at_ms", 0),
            lease_until_ms=item.get("lease_until_ms", 0),
            history=tuple(item.get("history", ())),
            reason=item.get("reason", ""),
            is_locked=bool(item.get("locked", False)),
            duplicates=tuple(item.get("duplicates", ())),
            contradictions=tuple(item.get("contradictions", ())),
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """What Genesys can be asked by: the keys that we chose, or the one that it answered."""
        own = tuple(row.key for row in self.expected if row.key)
        return own or ((self.genesys_id,) if self.genesys_id else ())

    def shows(self, key: str) -> Mapping[str, Any]:
        """What is expected under a key."""
        return next((row.shows for row in self.expected if row.key in (key, "")), {})

    @property
    def may_be_doubled(self) -> bool:
        """More than one attempt can have taken effect."""
        return self.attempt - self.deferred > 1

    @property
    def is_whole(self) -> bool:
        """An event says of the whole request that it took effect: it has one item, or its answer
        said what became of each."""
        return self.items == 1 or self.accepted_at_ms > 0

    def both_named(self, confirmation: Confirmation | None) -> tuple[str, ...]:
        """The conversation that an event named before the answer came, and the one that the answer
        names, where these are two: two attempts have made one each, or the event is no echo."""
        if confirmation is None or not confirmation.is_answered:
            return ()
        heard, answered = self.conversation_id, self.genesys_id
        is_named = confirmation.match == "conversation" and heard and answered
        return (heard, answered) if is_named and heard != answered else ()

    def is_complete(self, confirmation: Confirmation | None) -> bool:
        """Everything that completes the record has been seen, and nothing waits."""
        if self.walk.held:
            return False
        if confirmation is None or not confirmation.completed_by:
            return self.heard_at_ms > 0 or self.reconciled_at_ms > 0
        return self.walk.has_seen(confirmation.completes)


def _transition(
    tracked: Tracked, put: Mapping[str, Any], drop: frozenset[str] = frozenset()
) -> tuple[Guard, Change]:
    """Only from the state and the turn on which it was decided."""
    guard = Guard(frozenset({tracked.state}), same={"turn": tracked.turn or None})
    return guard, Change(put=put, add={"turn": 1}, drop=drop)


def _noted(tracked: Tracked, now_ms: int, note: str) -> Item:
    """The history belongs to the lease while there is one."""
    if tracked.state in ("SEALED", "OPEN"):
        return {}
    line = f"{now_ms} #{tracked.attempt} {note[:REASON_CHARS_MAX]}"
    return {"history": [*tracked.history, line][-HISTORY_MAX:]}


def hearing(
    tracked: Tracked,
    walk: Walk,
    now_ms: int,
    note: str,
    *,
    is_evidence: bool,
    is_complete: bool,
    conversation_id: str,
) -> tuple[Guard, Change]:
    """An event was applied or held. It confirms the request where that completes the record."""
    put: dict[str, Any] = {**walk.as_item(), **_noted(tracked, now_ms, note)}
    if is_evidence and not tracked.heard_at_ms:
        put |= {"heard_at_ms": now_ms, "confirmed_by": note[:REASON_CHARS_MAX]}
    if conversation_id and not tracked.conversation_id:
        put["conversation_id"] = conversation_id
    if is_complete and _can_be_confirmed(tracked):
        if not (is_evidence or tracked.heard_at_ms) and tracked.reconciled_at_ms:
            # Genesys was asked; what came now is only what was held for.
            return _transition(tracked, {**put, **_reconciled(now_ms)}, _NO_ATTENTION)
        return _transition(tracked, {**put, **_confirmed(now_ms, note)}, _NO_ATTENTION)
    if tracked.state == "MANUAL_REVIEW" and HELD_IN_VAIN in tracked.reason and not walk.held:
        put["reason"] = CAME_LATE  # nobody must go on looking for what has come
    return _transition(tracked, put)


def _reconciled(now_ms: int) -> Item:
    return {"state": "RECONCILED", "expires_at": now_ms // 1000 + CLAIM_TTL_S}


def _can_be_confirmed(tracked: Tracked) -> bool:
    if tracked.state == "MANUAL_REVIEW":
        return tracked.is_whole and not tracked.is_locked
    return tracked.state in ("PENDING_EVENT", "TIMEOUT_RECOVERY", "RECONCILED")


_NO_ATTENTION = frozenset({"attention", "due_at", "doubt_since_ms"})


def _confirmed(now_ms: int, note: str) -> Item:
    return {
        "state": "CONFIRMED",
        "confirmed_by": note[:REASON_CHARS_MAX],
        "confirmed_at_ms": now_ms,
        "expires_at": now_ms // 1000 + CLAIM_TTL_S,
    }


def completing(tracked: Tracked, now_ms: int) -> tuple[Guard, Change]:
    """What completes the record had been heard before its answer was settled."""
    note = "what completes it had come before"
    if not tracked.heard_at_ms:
        put = {**_reconciled(now_ms), **_noted(tracked, now_ms, note)}
        return _transition(tracked, put, _NO_ATTENTION)
    put = {**_confirmed(now_ms, note), **_noted(tracked, now_ms, note)}
    del put["confirmed_by"]
    return _transition(tracked, put, _NO_ATTENTION)


def awaiting(now_ms: int, confirmation: Confirmation) -> Item:
    """What the settling of an accepted request stores when its event is yet to come. The record
    is the reconciler's when the timers have had their time and it is still not final."""
    window_s = confirmation.window_s
    return {
        "accepted_at_ms": now_ms,
        "window_until_ms": now_ms + window_s * 1000,
        "attention": OVERDUE,
        "due_at": now_ms // 1000 + window_s + RECONCILE_EVERY_S,
    }


def stretching(tracked: Tracked, now_ms: int, seconds: float) -> tuple[Guard, Change]:
    """No event anywhere: the window is longer now."""
    return _transition(
        tracked,
        {
            "stretches": tracked.stretches + 1,
            "window_until_ms": now_ms + int(seconds * 1000),
            "due_at": now_ms // 1000 + int(seconds) + RECONCILE_EVERY_S,
        },
    )


def recovering(tracked: Tracked, now_ms: int, note: str) -> tuple[Guard, Change]:
    """The window is over: Genesys is asked."""
    return _transition(
        tracked,
        {
            "state": "TIMEOUT_RECOVERY",
            "due_at": now_ms // 1000 + RECONCILE_EVERY_S,
            **_noted(tracked, now_ms, note),
        },
    )


def asking_again(tracked: Tracked, now_ms: int, seconds: float, note: str) -> tuple[Guard, Change]:
    """Genesys did not say, or not yet; the question is put again then."""
    return _transition(
        tracked,
        {
            "tries": tracked.tries + 1,
            "window_until_ms": now_ms + int(seconds * 1000),
            "due_at": now_ms // 1000 + int(seconds) + RECONCILE_EVERY_S,
            **_noted(tracked, now_ms, note),
        },
    )


def reconciling(
    tracked: Tracked, walk: Walk, now_ms: int, note: str, **more: object
) -> tuple[Guard, Change]:
    """Genesys' truth is what was expected. Where events are still held, they are waited for."""
    put: dict[str, Any] = {**walk.as_item(), **_noted(tracked, now_ms, note), **more}
    put["reconciled_at_ms"] = now_ms
    if walk.held:
        return _transition(tracked, {**put, "due_at": now_ms // 1000 + RECONCILE_EVERY_S})
    return _transition(tracked, {**put, **_reconciled(now_ms)}, _NO_ATTENTION)


def reopening(tracked: Tracked, now_ms: int, note: str) -> tuple[Guard, Change]:
    """It was accepted and never happened: once more, the same request. Should it have happened
    after all, this is a possible duplicate, so it is listed as one."""
    return _transition(
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
    tracked: Tracked, now_ms: int, reason: str, *, locked: bool, **more: object
) -> tuple[Guard, Change]:
    """A person has to decide; `locked`: also where an event still comes."""
    put: dict[str, Any] = {
        "state": "MANUAL_REVIEW",
        "attention": REVIEW,
        "due_at": now_ms // 1000,
        "reason": reason[:REASON_CHARS_MAX],
        **_noted(tracked, now_ms, reason),
        **more,
    }
    if locked:
        put["locked"] = True
    return _transition(tracked, put, frozenset({"expires_at"}))


def listing(
    tracked: Tracked, now_ms: int, note: str, *, duplicates: tuple[str, ...] = (), event: str = ""
) -> tuple[Guard, Change]:
    """Lists what does not fit the record beside it, which stays as it is."""
    put: dict[str, Any] = dict(_noted(tracked, now_ms, note))
    if duplicates:
        put["duplicates"] = _listed(tracked.duplicates, duplicates)
    if event:
        put["contradictions"] = _listed(tracked.contradictions, (event,))
    return _transition(tracked, put)


def _listed(known: tuple[str, ...], more: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys((*known, *more)))[:LISTED_ON_RECORD_MAX]


def postponing(tracked: Tracked, due_at_s: int, **more: object) -> tuple[Guard, Change]:
    """The reconciler looks at it again then."""
    return _transition(tracked, {"attention": OVERDUE, "due_at": due_at_s, **more})
