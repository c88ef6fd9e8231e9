"""The parts of a split request: what of a batch goes on, and as what.

A part is data on the request's record, so that what becomes of it can be repeated: the indices of
its events, its fate (`again`: to Genesys once more; `refused`: to a person), and the reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lambdas.relay.attention.review import park
from lambdas.relay.correlating.pointers import pointers
from lambdas.relay.deliveries import Post
from lambdas.relay.destinations.correlation import Confirmation, expecting
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.ports import Item, Ledger, Outgoing, Queue
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.tracking import HEARD
from lambdas.relay.sealing import Batch, describe, encode

#: a part's reason is kept beside its siblings' in one item of the ledger
REASON_CHARS = 200


class Needs(Protocol):
    @property
    def post(self) -> Post: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def writes(self) -> Queue: ...

    @property
    def destinations(self) -> Mapping[str, Destination]: ...


def part(indices: Sequence[int], fate: str, reason: str) -> dict[str, Any]:
    return {"indices": list(indices), "fate": fate, "reason": reason[:REASON_CHARS]}


def send_parts(batch: Batch, parts: Sequence[Mapping[str, Any]], needs: Needs) -> None:
    """Sends the children of a split on their way: to work again, or to a person. Idempotent, and
    a function of what is on record, so that a crash half way is repaired by repeating it."""
    now_ms = needs.post.clock.now_ms()
    heard = _heard(batch, needs)
    for row in parts:
        child = batch.part([int(index) for index in row["indices"]])
        if row["fate"] == "again":
            if not _is_to_send(child, heard, needs, now_ms):
                continue
            attributes = {**describe(child), "reason": str(row["reason"])}
            needs.writes.send([Outgoing(encode(child), attributes, int(row.get("delay_s", 0)))])
        else:
            park(
                child,
                "REJECTED",
                str(row["reason"]),
                ledger=needs.ledger,
                vault=needs.post.vault,
                now_ms=now_ms,
            )


def _heard(batch: Batch, needs: Needs) -> Item:
    """What the record of a request of one item has heard so far is its part's as well. Of several
    items nobody can say whose it is; what comes from now on confirm passes on."""
    if len(batch.events) > 1 or _confirmation(batch, needs) is None:
        return {}
    record = needs.ledger.find([record_key(batch.batch_id)])[0] or {}
    return {name: record[name] for name in HEARD if name in record}


def _is_to_send(child: Batch, heard: Item, needs: Needs, now_ms: int) -> bool:
    """Records the child. One that has been at work already has its message, so that a copy of what
    it was split from must not make another, nor that one copies of its own children."""
    confirmation = _confirmation(child, needs)
    item = {**sealed_item(child, now_ms), **expecting(child, confirmation), **heard}
    recorded = needs.ledger.insert([item, *pointers(child, confirmation, now_ms)])[0]
    return recorded.before is None or Record.of(recorded.before).state == "SEALED"


def _confirmation(batch: Batch, needs: Needs) -> Confirmation | None:
    destination = needs.destinations.get(batch.target.destination)
    return None if destination is None else destination.confirmation
