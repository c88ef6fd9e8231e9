"""Redeliveries: events that a person orders by name are delivered again, and no others.

The order is on record before the bus's archive is replayed under the order's name. EventBridge
marks each replayed event with that name (entrances/arrivals.py). What each ordered route makes of
an event that the order names is claimed as a separate effect (claims.py), only once however often
it arrives; everything else in the replay is still a copy.

    A#<redelivery> / A
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from lambdas.relay.kernel.limits import CLAIM_TTL_S
from lambdas.relay.kernel.ports import Item, Ledger
from lambdas.relay.messages.sealing import Batch, SealedEvent

#: events that one order can name: at 27 bytes each, well below an item's limit of 400 kB
EVENTS_MAX = 5_000


def order_key(redelivery: str) -> tuple[str, str]:
    return f"A#{redelivery}", "A"


def order(
    redelivery: str,
    identities: Collection[str],
    routes: Sequence[str],
    who: str,
    note: str,
    now_ms: int,
) -> Item:
    """A person's order as the ledger keeps it; no `routes` means every route. Raises ValueError
    for more events than one order can name."""
    if len(identities) > EVENTS_MAX:
        raise ValueError(
            f"{len(identities)} events, but one redelivery can name at most {EVENTS_MAX}"
        )
    pk, sk = order_key(redelivery)
    return {
        "pk": pk,
        "sk": sk,
        "events": sorted(identities),
        "routes": list(routes),
        "ordered_by": who,
        "note": note,
        "ordered_at_ms": now_ms,
        "expires_at": now_ms // 1000 + CLAIM_TTL_S,
    }


def as_ordered(batch: Batch, ledger: Ledger) -> Batch:
    """The batch, under the same id, with the redelivery removed from events that no order names.
    Costs no call if no event has a redelivery. Raises Transient."""
    names = sorted({event.redelivery for event in batch.events} - {""})
    if not names:
        return batch
    found = ledger.find([order_key(name) for name in names])
    orders = {
        name: _Order.of(item) for name, item in zip(names, found, strict=True) if item is not None
    }
    events = tuple(
        event
        if event.redelivery in orders and orders[event.redelivery].names(event)
        else replace(event, redelivery="")
        for event in batch.events
    )
    return replace(batch, events=events)


@dataclass(frozen=True, slots=True)
class _Order:
    events: frozenset[str]
    #: empty: every route
    routes: frozenset[str]

    @classmethod
    def of(cls, item: Item) -> "_Order":
        """An order that cannot be read, for example after a person edited it, names nothing."""
        events, routes = item.get("events"), item.get("routes")
        if not (_are_texts(events) and _are_texts(routes)):
            return cls(frozenset(), frozenset())
        return cls(frozenset(events), frozenset(routes))

    def names(self, event: SealedEvent) -> bool:
        # If two events share an identity, one is claimed, and so named, with its payload hash.
        known_as = {event.identity, f"{event.identity}~{event.payload_hash}"}
        is_routed = not self.routes or not self.routes.isdisjoint(event.routes)
        return is_routed and not self.events.isdisjoint(known_as)


def _are_texts(value: Any) -> TypeGuard[Sequence[str]]:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
