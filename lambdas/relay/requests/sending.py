"""Transitions of a request until it is answered: those that dedup and write make.

An unknown outcome settles nothing: the lease expires, so that a crash, a timeout and a lost answer
are one case. `doubt_since_ms` is the start of the oldest attempt that may have taken effect.
Opening sets it; only proof that nothing happened removes it.
"""

from dataclasses import dataclass, replace

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.kernel.limits import CLAIM_TTL_S, OVERDUE_S
from lambdas.relay.kernel.ports import Change, Guard, Item, Written
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.messages.sealing import Batch, SealedEvent
from lambdas.relay.requests.damage import LONG_AGO_MS
from lambdas.relay.requests.record import Record, kept, noted, record_key
from lambdas.relay.requests.states import FINAL, OVERDUE, PARKED, REVIEW, State


def sealed_item(batch: Batch, now_ms: int) -> Item:
    """The record as dedup (or a split) writes it, before any claim or request is made."""
    pk, sk = record_key(batch.batch_id)
    routes = sorted({route for event in batch.events for route in event.routes})
    return {
        "pk": pk,
        "sk": sk,
        "state": "SEALED",
        "attempt": 0,
        "lease_until_ms": 0,
        "destination": batch.target.destination,
        "events": [listed(event) for event in batch.events],
        **({"formerly": list(batch.target.formerly)} if batch.target.formerly else {}),
        **({"routes": routes} if routes else {}),
        **({"shadow": True} if batch.target.is_shadow else {}),
        # A part is sealed under its whole's id.
        **({"parent": batch.nonce} if batch.depth else {}),
        "sealed_at_ms": batch.sealed_at_ms,
        "attention": OVERDUE,
        "due_at": now_ms // 1000 + OVERDUE_S,
    }


def listed(event: SealedEvent) -> str:
    """An event in its request's record: owner/identity, or the identity alone if it is its own
    owner. Every write of the record costs by the kilobyte."""
    return event.identity if event.owner == event.identity else f"{event.owner}/{event.identity}"


def merged_item(batch: Batch, now_ms: int) -> Item:
    """The mark of a merged batch, in place of its record: only if there is none yet, and so no
    claim."""
    pk, sk = record_key(batch.batch_id)
    return {
        "pk": pk,
        "sk": sk,
        "state": "MERGED",
        "attempt": 0,
        "lease_until_ms": 0,
        "destination": batch.target.destination,
        "sealed_at_ms": batch.sealed_at_ms,
        "settled_at_ms": now_ms,
        "expires_at": now_ms // 1000 + CLAIM_TTL_S,
    }


@dataclass(frozen=True, slots=True)
class Opened:
    """The right to send this request once, until the lease ends."""

    batch_id: str
    attempt: int
    holder: str
    opened_at_ms: int
    #: an attempt since then may have taken effect; None: certainly none has
    doubt_since_ms: int | None
    history: tuple[str, ...]
    reposts: int
    deferred: int
    #: an event showed that an earlier attempt took effect
    is_heard: bool = False
    #: since when Genesys has been refusing it with 409; None: it has not
    conflict_since_ms: int | None = None
    #: when it got an unreadable 2xx; None: never
    unread_at_ms: int | None = None

    @property
    def failures(self) -> int:
        """How many earlier attempts have an unknown outcome."""
        return self.attempt - self.deferred - 1

    @property
    def guard(self) -> Guard:
        """Only the holder of this attempt may settle it."""
        return Guard(frozenset({"OPEN"}), attempt=self.attempt, holder=self.holder)


def is_shown(request: Opened | Record, confirmation: Confirmation, depth: int) -> bool:
    """Whether an event shows that an earlier attempt took effect. If certainly none did, somebody
    else did the same, unless the event has our id; a part, which has a `depth`, does not know its
    whole's attempts."""
    may_have = request.doubt_since_ms is not None or request.reposts > 0
    return request.is_heard and (may_have or depth > 0 or confirmation.match == "correlation")


def opening(
    now_ms: int, lease_until_ms: int, holder: str, **carried: object
) -> tuple[Guard, Change]:
    """SEALED, or OPEN with its lease run out, to OPEN by this holder. `carried` says what the
    request carries: dedup recorded it before it claimed, so with events that are copies or echoes.

    time ─▶  opened_at ......... POST ......... invocation's end ... quarantine ... lease_until
             ╰ doubt begins here                                                    ╰ only now may
               (kept if older)                                     another attempt begin (R1)
    """
    return (
        Guard(frozenset({"SEALED", "OPEN"}), lease_before_ms=now_ms),
        Change(
            put={"state": "OPEN", "holder": holder, "lease_until_ms": lease_until_ms, **carried},
            default={"doubt_since_ms": now_ms},
            add={"attempt": 1},
        ),
    )


def opened(written: Written, batch_id: str, holder: str, now_ms: int) -> Opened | None:
    """The result of `opening`: the lease, or None if the record is held or in another state. The
    write can succeed, lose its answer and be retried by the SDK: then the item before it is our
    own, under our own holder.
    """
    if written.before is None:
        return None
    before = Record.of(written.before)
    if written.applied:
        attempt, doubt = before.attempt + 1, before.doubt_since_ms
    elif before.state == "OPEN" and before.holder == holder:
        attempt = before.attempt
        doubt = None if before.doubt_since_ms == now_ms else before.doubt_since_ms
    else:
        return None
    return Opened(
        batch_id,
        attempt,
        holder,
        now_ms,
        doubt,
        before.history,
        before.reposts,
        before.deferred,
        is_heard=before.is_heard,
        conflict_since_ms=before.conflict_since_ms,
        unread_at_ms=before.unread_at_ms,
    )


def settling(
    opened: Opened, state: State, now_ms: int, note: Reason, **more: object
) -> tuple[Guard, Change]:
    """OPEN to the state that follows from its attempt. Only final states expire (R6), and a SPLIT
    once its parts are on their way (`concluding`)."""
    put: dict[str, object] = {
        "state": state,
        "history": noted(opened.history, opened.attempt, now_ms, note),
        "settled_at_ms": now_ms,
        **more,
    }
    drop = {"doubt_since_ms"} if state not in PARKED else set()
    if state == "SPLIT":
        put |= {"attention": OVERDUE, "due_at": now_ms // 1000 + OVERDUE_S}
    elif state in FINAL:
        put["expires_at"] = now_ms // 1000 + CLAIM_TTL_S
        drop |= {"attention", "due_at"}
    if state in PARKED:
        put |= {"attention": REVIEW, "due_at": now_ms // 1000, "reason": kept(note)}
    guard = opened.guard
    if state == "MANUAL_REVIEW" and not opened.is_heard:
        # Its event may be coming at this time, and then no query is needed.
        guard = replace(guard, same={"heard_at_ms": None})
    return guard, Change(put=put, drop=frozenset(drop))


def settled(written: Written, opened: Opened, state: State) -> bool:
    """Whether the settling is recorded: applied now, or by our own earlier try whose answer was
    lost."""
    if written.applied:
        return True
    if written.before is None:
        return False
    before = Record.of(written.before)
    ours = before.attempt == opened.attempt and before.holder == opened.holder
    return ours and before.state == state


def releasing(
    opened: Opened, now_ms: int, note: Reason, conflict_since_ms: int | None = None
) -> tuple[Guard, Change]:
    """Releases the lease after an attempt that certainly had no effect. This says nothing about an
    earlier attempt with an unknown outcome (R2). The holder is removed, so that a write that the
    SDK repeats does not count one attempt twice."""
    conflict = {} if conflict_since_ms is None else {"conflict_since_ms": conflict_since_ms}
    return opened.guard, Change(
        put={
            "lease_until_ms": 0,
            "holder": "",
            "history": noted(opened.history, opened.attempt, now_ms, note),
            **conflict,
        },
        add={"deferred": 1},
        drop=frozenset({"doubt_since_ms"} if opened.doubt_since_ms is None else ()),
    )


def reposting(opened: Opened) -> tuple[Guard, Change]:
    """Lists a possible duplicate before it can occur."""
    return opened.guard, Change(put={"reposts": opened.reposts + 1})


def noting(opened: Opened, now_ms: int, note: Reason) -> tuple[Guard, Change]:
    """Notes an unreadable 2xx. The outcome stays unknown."""
    history = noted(opened.history, opened.attempt, now_ms, note)
    return opened.guard, Change(put={"unread_at_ms": now_ms, "history": history})


def doubting() -> tuple[Guard, Change]:
    """A request in a restored ledger: it may have been sent since then, which is unknown (R2), and
    in parts: under other keys, so that its own proves nothing (R4)."""
    return Guard(frozenset({"SEALED", "OPEN"})), Change(put={"doubt_since_ms": LONG_AGO_MS})


def emptying(now_ms: int) -> tuple[Guard, Change]:
    """SEALED to EMPTY: none of its events is its own, or it is a shadow."""
    return Guard(frozenset({"SEALED"}), attempt=0), Change(
        put={"state": "EMPTY", "expires_at": now_ms // 1000 + CLAIM_TTL_S},
        drop=frozenset({"attention", "due_at"}),
    )


def parked_item(batch: Batch, state: State, now_ms: int, reason: Reason) -> Item:
    """The record of a batch that goes to a person without having been opened."""
    return {
        **sealed_item(batch, now_ms),
        "state": state,
        "attention": REVIEW,
        "due_at": now_ms // 1000,
        "reason": kept(reason),
    }


def parking(now_ms: int, reason: Reason) -> tuple[Guard, Change]:
    """A record without a lease, to MANUAL_REVIEW."""
    return Guard(frozenset({"SEALED", "OPEN"}), lease_before_ms=now_ms), Change(
        put={
            "state": "MANUAL_REVIEW",
            "attention": REVIEW,
            "due_at": now_ms // 1000,
            "reason": kept(reason),
        }
    )
