"""Sealed batches: the unit that is durable, retried, dead-lettered and redriven verbatim.

A sealed batch is one message that determines one request to Genesys to the last byte. SQS
regroups *messages* on redelivery; it cannot regroup what is inside one. So a retry, a redrive
from the console and a redelivery all repeat the same events, in the same order, under the same
key. `batch_id` is a hash over all of it, and serves as ledger key, `Idempotency-Key` and
`x-correlation-id`: one id for the whole life of a request. The nonce makes it unpredictable.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from lambdas.relay.kernel.canonical import Json, canonical, digest, read_json, uuid_text
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.field_types import holds, is_encodable, is_json
from lambdas.relay.kernel.lanes import LANES, Lane
from lambdas.relay.kernel.limits import RECORD_EVENTS_BYTES_MAX, SEALED_BYTES_MAX
from lambdas.relay.kernel.message_kinds import refuse_other
from lambdas.relay.kernel.personal import owner
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.time_format import CALENDAR_MS, iso
from lambdas.relay.messages.checksum import checksum_of, is_summed, summed, without_sum

FORMAT = 1
#: the end of a message's canonical text without its checksum
_LAST = f'"v":{FORMAT}}}'
#: what a message has beside the rows of its events, where any has it; and what they have elsewhere
COLUMNS: Mapping[str, Json] = {"routes": (), "redelivery": "", "backfill": "", "partition": ""}
#: of an event's row in its request's record: the slash, and DynamoDB's overhead
RECORD_ROW_BYTES = 2
#: the message attribute that counts how often a batch's events were consolidated
CONSOLIDATIONS = "consolidations"

#: lists: {"name": [item, ...], ...}; array: [item, ...]; single: the one item itself
Shape = Literal["lists", "array", "single"]


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event as it is sent: rendered once, so that no later deploy changes its bytes."""

    identity: str
    payload_hash: str
    #: "" where there is none
    conversation_id: str
    envelope_id: str
    topic: str
    #: "" where there is none
    correlation_id: str
    accepted_at_ms: int
    #: the list of the request that the item goes into ("" where the request has no lists)
    into: str
    #: the outbound item: JSON, encodable as UTF-8
    item: str
    #: the facts for correlation (correlation.Facts); "" if no destination follows it
    facts: str = ""
    #: its entrance and source (entrances.arrivals); "" in messages of earlier releases
    entrance: str = ""
    #: "" if it comes from Genesys
    sender: str = ""
    #: the beginning of its identity if the same content at another time is another event; else ""
    content: str = ""
    #: the route's name and former names; empty in batches that were sealed before claims had routes
    routes: tuple[str, ...] = ()
    #: the redelivery that it belongs to (ledger/redelivery.py); else ""
    redelivery: str = ""
    #: the backfill that made it from Genesys' own record; "" if Genesys published it
    backfill: str = ""
    #: its conversation's id under the environment's key if it is personal (kernel.personal)
    partition: str = ""

    @property
    def owner(self) -> str:
        """The partition of its claim."""
        return self.partition or owner(self.conversation_id, self.content, self.identity)

    @property
    def members(self) -> Mapping[str, Json]:
        """The members of its item; empty if it is not an object (a compensating request's body)."""
        item = json.loads(self.item)
        return item if isinstance(item, Mapping) else {}

    @property
    def is_genesys_own(self) -> bool:
        """Whether it comes from Genesys. Earlier releases sealed no entrance: theirs count so."""
        return self.entrance in ("partner", "")


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a request, complete except for the host."""

    destination: str
    method: str
    path: str
    shape: Shape
    #: the destination's former names
    formerly: tuple[str, ...] = ()
    #: its events are claimed but not written: another consumer still writes them
    is_shadow: bool = False
    #: which of the waiting requests goes first; it only affects time, so it is not part of the id
    lane: Lane = "normal"

    @property
    def names(self) -> list[str]:
        """All names of the destination, in the order in which claims are made under them."""
        return sorted({self.destination, *self.formerly})


@dataclass(frozen=True, slots=True)
class Batch:
    batch_id: str
    nonce: str
    target: Target
    sealed_at_ms: int
    #: how often its events were split off
    depth: int
    events: tuple[SealedEvent, ...]

    @property
    def oldest_ms(self) -> int:
        return min(event.accepted_at_ms for event in self.events)

    def part(self, indices: Sequence[int]) -> "Batch":
        """The child with these of its events: it depends on the content only, so that a split
        repeated after a crash gives the same children (R7)."""
        events = tuple(self.events[i] for i in indices)
        return _batch(self.batch_id, self.target, self.sealed_at_ms, self.depth + 1, events)

    def only(self, identities: frozenset[str]) -> "Batch":
        """The batch without events that others own; its id stays the same."""
        events = tuple(event for event in self.events if event.identity in identities)
        return Batch(self.batch_id, self.nonce, self.target, self.sealed_at_ms, self.depth, events)

    def without(self, identities: frozenset[str]) -> "Batch":
        return self.only(frozenset(event.identity for event in self.events) - identities)

    def body(self) -> bytes:
        """The bytes of the request."""
        items = [event.item for event in self.events]
        match self.target.shape:
            case "single":
                return items[0].encode()
            case "array":
                return f"[{','.join(items)}]".encode()
            case "lists":
                lists: dict[str, list[str]] = {}
                for event in self.events:
                    lists.setdefault(event.into, []).append(event.item)
                fields = (f"{canonical(name)}:[{','.join(i)}]" for name, i in lists.items())
                return f"{{{','.join(fields)}}}".encode()


def seal(
    target: Target,
    events: Iterable[SealedEvent],
    *,
    now_ms: int,
    nonce: str,
    most_events: int,
    most_bytes: int,
) -> Iterator[Batch]:
    """Packs events in their order into as few batches as the limits allow.

    A copy that arrived with its original is dropped here; an item from another route is not a copy.
    Two items under one identity never share a batch, since a batch owns an identity once.
    """
    pending = list({_effect(event): event for event in events}.values())
    for number in range(len(pending)):
        if not pending:
            return
        taken, pending = _fill(pending, most_events, most_bytes)
        yield _batch(f"{nonce}.{number}", target, now_ms, 0, taken)


def _effect(event: SealedEvent) -> tuple[object, ...]:
    return event.identity, event.payload_hash, event.routes, event.redelivery, event.backfill


def _fill(
    pending: list[SealedEvent], most_events: int, most_bytes: int
) -> tuple[tuple[SealedEvent, ...], list[SealedEvent]]:
    taken: list[SealedEvent] = []
    left: list[SealedEvent] = []
    identities: set[str] = set()
    request_bytes = sealed_bytes = record_bytes = 0
    for event in pending:
        in_request = len(event.item.encode()) + len(event.into) + 8
        in_message = sealed_bytes_of(event)
        in_record = len(event.owner.encode()) + len(event.identity) + RECORD_ROW_BYTES
        fits = (
            len(taken) < most_events
            and event.identity not in identities
            and request_bytes + in_request <= most_bytes
            and sealed_bytes + in_message <= SEALED_BYTES_MAX
            and record_bytes + in_record <= RECORD_EVENTS_BYTES_MAX
        )
        # One that is too large is alone in its batch, so that its sender gets the error.
        if fits or not taken:
            taken.append(event)
            identities.add(event.identity)
            request_bytes += in_request
            sealed_bytes += in_message
            record_bytes += in_record
        else:
            left.append(event)
    return tuple(taken), left


def sealed_bytes_of(event: SealedEvent) -> int:
    """Its bytes in a message."""
    return len(canonical([*_event_row(event), *event.routes, event.partition])) + 1


def _batch(
    nonce: str, target: Target, sealed_at_ms: int, depth: int, events: tuple[SealedEvent, ...]
) -> Batch:
    return Batch(_identify(nonce, target, events), nonce, target, sealed_at_ms, depth, events)


def _identify(nonce: str, target: Target, events: tuple[SealedEvent, ...]) -> str:
    parts = [nonce, target.destination, target.method, target.path, target.shape]
    for event in events:
        parts += [event.identity, event.payload_hash, event.into, event.item]
    return uuid_text(digest("batch", *parts), 4)


def encode_unclaimed(batch: Batch) -> str:
    """The message of a batch whose events are not claimed yet."""
    return as_unclaimed(encode(batch))


def encode(batch: Batch) -> str:
    """The message: the whole batch as JSON, with a checksum against hand edits."""
    return summed(canonical(_document(batch)))


def as_unclaimed(message: str) -> str:
    """The same message before its events were claimed. The stage comes before the format in the
    canonical order, so that the batch need not be composed again."""
    return summed(f'{without_sum(message).removesuffix(_LAST)}"stage":"sealed",{_LAST}')


def _document(batch: Batch) -> dict[str, Json]:
    columns = {name: [getattr(event, name) for event in batch.events] for name in COLUMNS}
    target = batch.target
    return {
        **{name: column for name, column in columns.items() if any(column)},
        **({"formerly": list(target.formerly)} if target.formerly else {}),
        **({"shadow": True} if target.is_shadow else {}),
        **({"lane": target.lane} if target.lane != "normal" else {}),
        "v": FORMAT,
        "batch_id": batch.batch_id,
        "nonce": batch.nonce,
        "destination": target.destination,
        "method": target.method,
        "path": target.path,
        "shape": target.shape,
        "sealed_at_ms": batch.sealed_at_ms,
        "depth": batch.depth,
        "events": [_event_row(event) for event in batch.events],
    }


def _event_row(event: SealedEvent) -> list[str | int]:
    return [
        event.identity,
        event.payload_hash,
        event.conversation_id,
        event.envelope_id,
        event.topic,
        event.correlation_id,
        event.accepted_at_ms,
        event.into,
        event.item,
        event.facts,
        event.entrance,
        event.sender,
        event.content,
    ]


def decode(text: str) -> Batch:
    """Reads a sealed message. Raises Malformed if it is invalid or was changed after sealing: an
    edited body under the same key would break idempotency."""
    document = read_json(text, "the message")
    refuse_other(document, "batch")
    try:
        if document["v"] != FORMAT:
            raise Malformed(Code.BATCH_FORMAT(document["v"], FORMAT))
        claimed = document.pop("sum")
        rows = document["events"]
        columns = [document.get(name, [usual] * len(rows)) for name, usual in COLUMNS.items()]
        batch = Batch(
            batch_id=document["batch_id"],
            nonce=document["nonce"],
            target=Target(
                document["destination"],
                document["method"],
                document["path"],
                document["shape"],
                tuple(document.get("formerly", ())),
                document.get("shadow") is True,
                document.get("lane", "normal"),
            ),
            sealed_at_ms=document["sealed_at_ms"],
            depth=document["depth"],
            events=tuple(
                # A row is no longer than what stands before these.
                SealedEvent(  # type: ignore[misc]
                    *row, routes=tuple(of), redelivery=again, backfill=made, partition=place
                )
                for row, of, again, made, place in zip(rows, *columns, strict=True)
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(Code.NO_BATCH(repr(error))) from error
    if not is_summed(text) and claimed != checksum_of(canonical(document)):
        raise Malformed(Code.BATCH_EDITED())
    _refuse_unsound(batch)
    return batch


def _refuse_unsound(batch: Batch) -> None:
    """A checksum shows that a message was not edited, not that the relay made it: its members must
    have the right types, or it is Malformed."""
    names = (*batch.target.formerly, *(name for event in batch.events for name in event.routes))
    is_ours = (
        bool(batch.events)
        and all(map(holds, (batch, batch.target, *batch.events)))
        and all(type(name) is str for name in names)
        and batch.target.shape in get_args(Shape)
        and batch.target.lane in LANES
        and batch.depth >= 0
        and batch.sealed_at_ms in CALENDAR_MS
        and all(event.accepted_at_ms in CALENDAR_MS for event in batch.events)
        and all(is_encodable(text) for event in batch.events for text in (event.item, event.into))
        and (not batch.target.method or all(is_json(event.item) for event in batch.events))
    )
    if not is_ours:
        raise Malformed(Code.NO_BATCH("a member has the wrong type or value"))


def describe(batch: Batch) -> dict[str, Json]:
    """The message attributes that describe a batch to a person. They are set from the start, so
    that a message that SQS itself dead-letters has them too."""
    first = batch.events[0]
    described = {
        "batch": batch.batch_id,
        "destination": batch.target.destination,
        "events": str(len(batch.events)),
        "identity": first.identity,
        "topic": first.topic,
        "first_seen": iso(batch.sealed_at_ms),
    }
    if first.conversation_id:
        described["conversation"] = first.owner
    return described
