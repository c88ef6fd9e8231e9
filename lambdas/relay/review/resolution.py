"""Carries out a person's decision on a parked request: deliver again, it happened, or discard.

Again means a new request, since Genesys may still remember the refusal under the old id. The new id
is derived from the old one, so that a repeated command resumes and never sends a third one.
"""

from dataclasses import dataclass
from typing import Any, Literal

from lambdas.relay.kernel.canonical import read_json
from lambdas.relay.kernel.errors import RelayError
from lambdas.relay.kernel.limits import MINUTE_S, RECONCILE_EVERY_S
from lambdas.relay.kernel.ports import Change, Guard, Item, Ledger, Outbox, Outgoing, Vault
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import Batch, decode, describe, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.resolving import concluding, continuing, resolving
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import State
from lambdas.relay.review.cases import DOCUMENT

Verdict = Literal["again", "happened", "discard"]


class NotResolved(RelayError):
    """The decision could not be carried out; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided."""

    verdict: Verdict
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A request that waits for a person, with everything needed to decide."""

    record: Record
    item: Item
    #: the vault's document: {"reason", "at_ms", "message"}; None if it is missing
    document: Any
    batch: Batch | None


def find(batch_id: str, ledger: Ledger, vault: Vault) -> Parked:
    """Raises NotResolved if there is no such request."""
    item = ledger.find([record_key(batch_id)])[0]
    if item is None:
        raise NotResolved(
            f"There is no request {batch_id}: `relay review list` shows those that wait."
        )
    text = vault.fetch(review_key(batch_id))
    document = None if text is None else read_json(text, DOCUMENT)
    message = None if document is None else document.get("message")
    batch = None if message is None else decode(message)
    return Parked(Record.of(item), item, document, batch)


def successor(batch: Batch) -> Batch:
    """The new request with the same events, under its own id."""
    return batch.part(range(len(batch.events)))


def resolve(
    parked: Parked, decision: Decision, *, ledger: Ledger, vault: Vault, writes: Outbox, now_ms: int
) -> State:
    """Carries out the decision; repeating it resumes it. Raises NotResolved, Transient."""
    if decision.verdict == "again":
        return _again(parked, decision, ledger, vault, writes, now_ms)
    _claim_all(parked.batch, ledger, now_ms)
    state: State = "RECONCILED" if decision.verdict == "happened" else "DISCARDED"
    if parked.record.state != state:
        _leave(parked, resolving(parked.record, state, now_ms, *_said(decision)), ledger)
    vault.discard(review_key(parked.record.batch_id))
    return state


def _claim_all(batch: Batch | None, ledger: Ledger, now_ms: int) -> None:
    """It may have been parked before it had claims: then a later copy or a replay would deliver
    what a person has closed. Parts need none, since their whole has them.
    """
    if batch is not None and not batch.depth:
        claim(batch, ledger, now_ms)


def _again(
    parked: Parked,
    decision: Decision,
    ledger: Ledger,
    vault: Vault,
    writes: Outbox,
    now_ms: int,
) -> State:
    """Until the new request is sent, the old record stays on the overdue list. Claims come first: a
    request that was never split may have been parked before it had any, and events that another
    batch owns must not be delivered again. Parts need none, since the whole has claimed them.
    What our own requests caused has no claims, and is not delivered either.
    """
    if parked.batch is None:
        raise NotResolved(
            f"The vault no longer holds request {parked.record.batch_id}, so it cannot be "
            "delivered again: replay the bus's archive for the time of its events instead."
        )
    own = parked.batch.without(frozenset(parked.record.echoes))
    if not own.depth:
        own = own.only(claim(own, ledger, now_ms).owned)
    if not own.events:
        _leave(parked, resolving(parked.record, "EMPTY", now_ms, *_said(decision)), ledger)
        vault.discard(review_key(parked.record.batch_id))
        return "EMPTY"
    child = successor(own)
    # Split by a person before: that command is resumed. Split by a writer: nothing waits here.
    if parked.record.state != "SPLIT" or not parked.record.resolved_by:
        part = {
            "indices": list(range(len(child.events))),
            "fate": "again",
            "reason": str(Code.RESOLVED()),
            "batch_id": child.batch_id,
        }
        _leave(parked, continuing(parked.record, now_ms, *_said(decision), part), ledger)
    ledger.insert([sealed_item(child, now_ms)])
    vault.keep(sealed_key(child.batch_id), encode(child))
    writes.send([Outgoing(encode(child), describe(child))])
    ledger.change(*record_key(parked.record.batch_id), *concluding(now_ms))
    vault.discard(review_key(parked.record.batch_id))
    return "SPLIT"


def _said(decision: Decision) -> tuple[str, Reason]:
    """Who decided, and the line for the record's history."""
    return decision.who, Code.DECIDED(decision.who, decision.verdict, decision.note)


def _leave(parked: Parked, transition: tuple[Guard, Change], ledger: Ledger) -> None:
    record, (guard, change) = parked.record, transition
    written = ledger.change(*record_key(record.batch_id), guard, change)
    if not (written.applied or _is_ours(written.before, change)):
        raise NotResolved(_how_it_stands(record.batch_id, written.before))


def _how_it_stands(batch_id: str, before: Item | None) -> str:
    if before is not None and "state" not in before:
        return (
            f"The record of request {batch_id} has lost its state: reconcile repairs it. Decide "
            f"again in {RECONCILE_EVERY_S // MINUTE_S} minutes."
        )
    standing = "gone" if before is None else before["state"]
    return f"Request {batch_id} no longer waits for a person: it is {standing}."


def _is_ours(before: Item | None, change: Change) -> bool:
    """Whether the decision met itself: its write succeeded, the answer was lost, and the SDK
    repeated it."""
    own = ("state", "resolved_by", "resolved_at_ms")
    return before is not None and all(before.get(name) == change.put[name] for name in own)
