"""The parts of a split request: what of a batch goes on, and as what.

A part is data on the request's record, so that what becomes of it can be repeated: the indices of
its events, its fate (`again`: to Genesys once more; `refused`: to a person), and the reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.relay.correlation.checks import timer
from lambdas.relay.correlation.deps import Deps
from lambdas.relay.correlation.entries import entries
from lambdas.relay.destinations.correlation import Confirmation, expecting
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.kernel.personal import brief
from lambdas.relay.kernel.ports import Item, Outgoing
from lambdas.relay.kernel.reasons import Reason, read_reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Disposition, Done, without_destination
from lambdas.relay.messages.sealing import Batch, describe, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.resolving import concluding
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import PARKED, SETTLED
from lambdas.relay.requests.tracking import HEARD
from lambdas.relay.review.cases import complete, park

#: a part's reason; on record it is kept beside its siblings' in one item of the ledger
REASON_CHARS = 200
#: what all reasons of a record may take together
REASONS_BYTES_MAX = 40_000


def part(indices: Sequence[int], fate: str, reason: Reason) -> dict[str, Any]:
    return {"indices": list(indices), "fate": fate, "reason": brief(str(reason))[:REASON_CHARS]}


def on_record(batch: Batch, parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parts as the record keeps them: the ids of the children, and of each reason as much as
    there is room for. A person gets the whole, but where a crash came before that."""
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
    """As much of a text as these bytes of UTF-8 hold."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def stand_by(batch: Batch, standing: Record, deps: Deps) -> bool:
    """Does for a message what its record still asks for, where nobody is to send its request any
    more; False where somebody may have to. The run that settled it may have died before this."""
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
    if item is not None and stand_by(batch, Record.of(item), deps):
        return Done()
    return without_destination(batch.target.destination, batch.sealed_at_ms, deps.clock.now_ms())


def carry_on(batch: Batch, parts: Sequence[Mapping[str, Any]], deps: Deps) -> None:
    """Sends the parts of a split, and sees to it that nobody has to any more. Until then its record
    is on reconcile's list: somebody may have purged the message, which alone would repeat this."""
    send_parts(batch, parts, deps)
    now_ms = deps.clock.now_ms()
    deps.ledger.change(*record_key(batch.batch_id), *concluding(now_ms))


def send_parts(batch: Batch, parts: Sequence[Mapping[str, Any]], deps: Deps) -> None:
    """Sends the children of a split on their way: to work again, or to a person. Idempotent, and
    a function of what is on record, so that a crash half way is repaired by repeating it."""
    now_ms = deps.clock.now_ms()
    heard = _heard(batch, deps)
    for row in parts:
        child = batch.part([int(index) for index in row["indices"]])
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


def _heard(batch: Batch, deps: Deps) -> Item:
    """What the record of a request of one item has heard so far is its part's as well. Of several
    items nobody can say whose it is; what comes from now on confirm passes on."""
    if len(batch.events) > 1 or _confirmation(batch, deps) is None:
        return {}
    record = deps.ledger.find([record_key(batch.batch_id)])[0] or {}
    return {name: record[name] for name in HEARD if name in record}


def _is_to_send(child: Batch, heard: Item, deps: Deps, now_ms: int) -> bool:
    """Records the child. One that has been at work already has its message, so that a copy of what
    it was split from must not make another, nor that one copies of its own children."""
    confirmation = _confirmation(child, deps)
    item = {**sealed_item(child, now_ms), **expecting(child, confirmation), **heard}
    recorded = deps.ledger.insert([item, *entries(child, confirmation, now_ms)])[0]
    return recorded.before is None or Record.of(recorded.before).state == "SEALED"


def _confirmation(batch: Batch, deps: Deps) -> Confirmation | None:
    destination = of_target(batch.target, deps.destinations)
    return None if destination is None else destination.awaited
