"""The loop guard: which events of a batch a request of ours caused, and whom to tell of what.

An event that our own write caused confirms that write and is never written again. Three questions,
cheapest first: does a record exist under its correlation id? Does a pointer lead from its
conversation or entity to a request? Is a request under way whose key only the answer will give, so
that nobody can know yet? The last makes the event wait, no longer than an answer can take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lambdas.relay.correlating.pointers import Pointer, causing, following, keys_named
from lambdas.relay.destinations.correlation import Confirmation, Facts, read_facts
from lambdas.relay.ports import Change, Guard, Item, Ledger
from lambdas.relay.requests.record import record_key
from lambdas.relay.sealing import Batch, SealedEvent

MARKER_STATE = "ASKING"
#: an event that may yet turn out to be caused by us comes back after this
ANSWER_POLL_S = 5.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the loop guard says of a batch."""

    #: the request by the identity of the event that it caused
    echoes: Mapping[str, str]
    #: events that are news, and that a request's record follows all the same
    followed: Sequence[tuple[SealedEvent, str]]
    #: nobody can know yet; 0: everybody is decided
    wait_s: float


ALL_NEWS = Guarded({}, (), 0)


def guard(
    batch: Batch,
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    now_ms: int,
    answer_wait_s: float,
) -> Guarded:
    """Sorts a batch's events. Meets pointers, which is repeatable: a pointer keeps the identity of
    the event that met it. Raises Transient."""
    echoes = _by_correlation(batch, ledger)
    followed: list[tuple[SealedEvent, str]] = []
    wait_s = 0.0
    cache: dict[str, list[Pointer]] = {}
    for event in batch.events:
        facts = read_facts(event)
        if not facts.detail_type:
            continue
        found = _pointers(event, facts, ledger, confirmations, cache)
        named = echoes.get(event.identity)
        if named is not None:
            # It says whose it is. Met all the same, its pointer waits for no other event.
            own = [pointer for pointer in found if pointer.batch_id == named]
            _meet(event, facts, own, ledger, confirmations)
            continue
        cause = _meet(event, facts, found, ledger, confirmations)
        if cause:
            echoes[event.identity] = cause
            continue
        followed += [(event, request) for request in following(facts, found, confirmations)]
        wait_s = max(wait_s, _wait_s(event, facts, ledger, confirmations, now_ms, answer_wait_s))
    return Guarded(echoes, followed, wait_s)


def _by_correlation(batch: Batch, ledger: Ledger) -> dict[str, str]:
    """A record is older than any event that its request causes, and is read consistently, so that
    every run of a batch finds the same. A correlation id that somebody else states is only a
    word."""
    asked = [e for e in batch.events if e.correlation_id and e.is_genesys_own]
    records = ledger.find([record_key(event.correlation_id) for event in asked])
    return {
        event.identity: event.correlation_id
        for event, item in zip(asked, records, strict=True)
        if item is not None
    }


def _pointers(
    event: SealedEvent,
    facts: Facts,
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    cache: dict[str, list[Pointer]],
) -> list[Pointer]:
    matches = {c.match for c in confirmations.values() if c.hears(facts.detail_type)}
    found: list[Pointer] = []
    for partition in keys_named(event, facts, matches - {"correlation"}):
        if partition not in cache:
            cache[partition] = [Pointer.of(item) for item in ledger.of(partition)]
        found += cache[partition]
    return found


def _meet(
    event: SealedEvent,
    facts: Facts,
    found: Sequence[Pointer],
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
) -> str:
    """The request that caused the event, with its pointer met; "" where there is none."""
    left = _sent(found, ledger) if found else []
    for _ in range(len(left)):
        pointer = causing(event, facts, left, confirmations)
        if pointer is None:
            return ""
        if pointer.met_by:
            return pointer.batch_id
        met = ledger.change(
            pointer.pk,
            pointer.batch_id,
            Guard(frozenset({"AWAITING"})),
            Change(put={"state": "MET", "met_by": event.identity}),
        )
        if met.applied or (met.before is not None and met.before.get("met_by") == event.identity):
            return pointer.batch_id
        left = [p for p in left if p is not pointer]  # another event was faster
    return ""


def _sent(found: Sequence[Pointer], ledger: Ledger) -> list[Pointer]:
    """Those whose request has been sent at least once: no other can have caused anything."""
    records = ledger.find([record_key(pointer.batch_id) for pointer in found])
    return [
        replace(pointer, is_past=record["state"] in ("SPLIT", "REJECTED"))
        for pointer, record in zip(found, records, strict=True)
        if record is not None and record["attempt"] > 0
    ]


# --- requests whose key only the answer gives


def marker_key(destination: str) -> tuple[str, str]:
    return f"M#asking#{destination}", "M"


def mark_asking(destination: str, until_ms: int, ledger: Ledger) -> None:
    """Says, before a request is sent, that its answer may be out until then. Writers overlap, and a
    write can land late: the later moment stands."""
    pk, sk = marker_key(destination)
    lengthen = (
        Guard(frozenset({MARKER_STATE}), lease_before_ms=until_ms),
        Change(put={"lease_until_ms": until_ms}),
    )
    if ledger.change(pk, sk, *lengthen).before is None:
        item: Item = {"pk": pk, "sk": sk, "state": MARKER_STATE, "lease_until_ms": until_ms}
        if not ledger.insert([item])[0].applied:
            ledger.change(pk, sk, *lengthen)


def _wait_s(
    event: SealedEvent,
    facts: Facts,
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    now_ms: int,
    answer_wait_s: float,
) -> float:
    """Seconds until every answer that was out when the event came is in, or never will be."""
    latest_ms = event.accepted_at_ms + int(answer_wait_s * 1000)
    if now_ms >= latest_ms:
        return 0
    asked = [
        name
        for name, confirmation in sorted(confirmations.items())
        if confirmation.is_answered and confirmation.hears(facts.detail_type)
    ]
    until_ms = max(
        (m["lease_until_ms"] for m in ledger.find([marker_key(n) for n in asked]) if m), default=0
    )
    # Asked again after a moment: the answer usually comes long before it must.
    return min(ANSWER_POLL_S, (latest_ms - now_ms) / 1000) if now_ms < until_ms else 0
