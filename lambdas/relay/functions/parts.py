"""The parts of a split request: which events are sent again, and which go to a person.

A part is data in the request's record, so that sending it can be repeated: the indices of its
events, its fate (`again`: to Genesys; `refused`: to a person), and the reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.relay.correlation.checks import timer
from lambdas.relay.correlation.deps import Deps
from lambdas.relay.correlation.entries import entries
from lambdas.relay.destinations.correlation import Confirmation, expecting
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.functions.repairs import put_right
from lambdas.relay.kernel.backoff import retry_delay_s
from lambdas.relay.kernel.personal import brief
from lambdas.relay.kernel.ports import Item, Outgoing
from lambdas.relay.kernel.reasons import Code, Reason, read_reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Disposition, Done, Later, without_destination
from lambdas.relay.messages.sealing import Batch, describe, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.resolving import concluding
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import PARKED, SETTLED
from lambdas.relay.requests.tracking import HEARD
from lambdas.relay.review.cases import complete, park

#: a part's reason; the record, one item of the ledger, holds those of all parts
REASON_CHARS = 200
#: the most that all reasons of a record may take together
REASONS_BYTES_MAX = 40_000


def part(indices: Sequence[int], fate: str, reason: Reason) -> dict[str, Any]:
    return {"indices": list(indices), "fate": fate, "reason": brief(str(reason))[:REASON_CHARS]}


def halves(count: int, reason: Reason) -> list[dict[str, Any]]:
    """Of a request that was refused as a whole."""
    half = (count + 1) // 2
    return [part(range(half), "again", reason), part(range(half, count), "again", reason)]


def by_item(failures: Sequence[ItemFailure], depth: int) -> list[dict[str, Any]]:
    """Each item that was refused, and all that are sent again, the later the deeper."""
    reasons = {failure.index: Code.GENESYS_SAYS(failure.reason) for failure in failures}
    again = [failure.index for failure in failures if failure.retryable]
    parts = [part([f.index], "refused", reasons[f.index]) for f in failures if not f.retryable]
    if again:
        parts.append({**part(again, "again", reasons[again[0]]), "delay_s": retry_delay_s(depth)})
    return parts


def on_record(batch: Batch, parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parts as stored in the record: the children's ids, and as much of each reason as there is
    room for. A person gets the full reason, unless a crash came first."""
    most = REASONS_BYTES_MAX // max(1, len(parts))
    return [
        {
            **row,
            "reason": cut(str(row["reason"]), most),
            "batch_id": batch.part(row["indices"]).batch_id,
        }
        for row in parts
    ]


def cut(text: str, most: int) -> str:
    """As much of a text as fits into these bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def stand_by(batch: Batch, standing: Record, deps: Deps) -> bool:
    """Completes for a message what its record still requires if its request is not to be sent any
    more; False if it may have to be. The run that settled it may have crashed before this."""
    if standing.state == "SPLIT" and standing.attention:
        carry_on(batch, standing.parts, deps)
    elif standing.state == "SPLIT":
        send_parts(batch, standing.parts, deps)
    elif standing.state == "PENDING_EVENT":
        deps.checks.send([timer("window", batch.batch_id, 0)])
    complete(batch, standing.state, deps.vault)
    return standing.state in SETTLED | PARKED | {"SPLIT"}


def unconfigured(batch: Batch, deps: Deps) -> Disposition:
    """No configuration is needed for what has been settled. The rest waits for a deploy that names
    its destination, as long as messages wait. Raises Transient."""
    item = deps.ledger.find([record_key(batch.batch_id)])[0]
    if put_right(item, deps):
        return Later(Code.RECORD_REPAIRED(), 0)
    if item is not None and stand_by(batch, Record.of(item), deps):
        return Done()
    return without_destination(batch.target.destination, batch.sealed_at_ms, deps.clock.now_ms())


def carry_on(batch: Batch, parts: Sequence[Mapping[str, Any]], deps: Deps) -> None:
    """Sends the parts of a split request and records that. Until then its record is on reconcile's
    list, since the message, which would repeat this, may have been purged."""
    if send_parts(batch, parts, deps):
        now_ms = deps.clock.now_ms()
        deps.ledger.change(*record_key(batch.batch_id), *concluding(now_ms))


def send_parts(batch: Batch, parts: Sequence[Mapping[str, Any]], deps: Deps) -> bool:
    """Sends the children of a split request: to write, or to a person. It depends only on the
    record and is idempotent, so that it is repeated after a crash. False if this message does not
    hold the events of all of them."""
    now_ms = deps.clock.now_ms()
    heard = _heard(batch, deps)
    children = [(row, child) for row in parts if (child := _child(batch, row)) is not None]
    for row, child in children:
        if row["fate"] == "again":
            if not _is_to_send(child, heard, deps, now_ms):
                continue
            deps.vault.keep(sealed_key(child.batch_id), encode(child))
            attributes = {**describe(child), "reason": str(row["reason"])}
            deps.writes.send([Outgoing(encode(child), attributes, int(row.get("delay_s", 0)))])
        else:
            park(
                child,
                "REJECTED",
                read_reason(str(row["reason"])),
                ledger=deps.ledger,
                vault=deps.vault,
                now_ms=now_ms,
            )
    return len(children) == len(parts)


def _child(batch: Batch, row: Mapping[str, Any]) -> Batch | None:
    """A part of this message's batch; None if the message does not hold the part's events. After a
    restore dedup may leave other events out of a batch than it did before, and both messages bear
    its id."""
    indices = [int(index) for index in row["indices"]]
    child = batch.part(indices) if max(indices) < len(batch.events) else None
    is_it = child is not None and child.batch_id == row.get("batch_id", child.batch_id)
    return child if is_it else None


def _heard(batch: Batch, deps: Deps) -> Item:
    """The events received for a request with one item count for its part as well. With several
    items it is unknown which part they belong to; confirm passes on later ones."""
    if len(batch.events) > 1 or _confirmation(batch, deps) is None:
        return {}
    record = deps.ledger.find([record_key(batch.batch_id)])[0] or {}
    return {name: record[name] for name in HEARD if name in record}


def _is_to_send(child: Batch, heard: Item, deps: Deps, now_ms: int) -> bool:
    """Records the child. A child that has already been processed has its message, so a copy of its
    parent must not send another."""
    confirmation = _confirmation(child, deps)
    item = {**sealed_item(child, now_ms), **expecting(child, confirmation), **heard}
    recorded = deps.ledger.insert([item, *entries(child, confirmation, now_ms)])[0]
    if recorded.before is None:
        return True
    put_right(recorded.before, deps)
    state = Record.of(recorded.before).state
    complete(child, state, deps.vault)
    return state == "SEALED"


def _confirmation(batch: Batch, deps: Deps) -> Confirmation | None:
    destination = of_target(batch.target, deps.destinations)
    return None if destination is None else destination.awaited
