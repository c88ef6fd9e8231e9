"""Claims: each event belongs to one batch for ever. Written once, never changed, never released.

A claim names the batch that owns the event. The batch is durable before the claim is made, so
whoever meets the claim knows that somebody is responsible. "Already there" is no verdict: the
owner decides. The same owner means mine, resumed (a crash, or an SDK retry that met its own
first try). Another owner means duplicate, unless the payload differs: then two events share an
identity, and both are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.errors import Transient
from lambdas.relay.limits import CLAIM_TTL_S
from lambdas.relay.ports import Item, Ledger, Written
from lambdas.relay.sealing import Batch, SealedEvent

#: the keys of claims: C#<owner> / E#<identity>#<destination>
PREFIX = "C#"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which of a batch's events it owns."""

    owned: frozenset[str]
    duplicates: tuple[SealedEvent, ...]
    collisions: tuple[SealedEvent, ...]


def owner_key(owner: str) -> str:
    """The partition of an owner's claims."""
    return f"{PREFIX}{owner}"


def owner_of(pk: str) -> str:
    return pk.removeprefix(PREFIX)


def event_key(owner: str, identity: str, destination: str) -> tuple[str, str]:
    return owner_key(owner), f"E#{identity}#{destination}"


def claim_key(event: SealedEvent, destination: str, collided: bool = False) -> tuple[str, str]:
    identity = f"{event.identity}~{event.payload_hash}" if collided else event.identity
    return event_key(event.owner, identity, destination)


def same_content(event: SealedEvent, ledger: Ledger) -> list[str]:
    """Identities of known events that say the same and were published at another time: states that
    came back, or one event that was published anew. Their claims stand beside one another, so this
    is one small query, and only for events that are known by their time. Raises Transient."""
    if not event.content:
        return []
    claims = ledger.of(owner_key(event.owner), f"E#{event.content}")
    known = {str(item["sk"]).split("#")[1].split("~")[0] for item in claims}
    return sorted(known - {event.identity})


def claim(batch: Batch, ledger: Ledger, now_ms: int) -> Claimed:
    """Claims every event of the batch. Raises Transient with some claims made: repeat it."""
    first = _insert(batch, batch.events, ledger, now_ms, collided=False)
    owned, duplicates, collisions = _judge(batch.batch_id, batch.events, first)
    if collisions:
        second = _insert(batch, collisions, ledger, now_ms, collided=True)
        more, again, _ = _judge(batch.batch_id, collisions, second)
        owned, duplicates = owned | more, duplicates + again
    return Claimed(owned, duplicates, collisions)


def _insert(
    batch: Batch,
    events: Sequence[SealedEvent],
    ledger: Ledger,
    now_ms: int,
    *,
    collided: bool,
) -> Sequence[Written]:
    return ledger.insert([_item(batch, event, now_ms, collided) for event in events])


def _item(batch: Batch, event: SealedEvent, now_ms: int, collided: bool) -> Item:
    pk, sk = claim_key(event, batch.target.destination, collided)
    stated = {"correlation_id": event.correlation_id} if event.correlation_id else {}
    return {
        "pk": pk,
        "sk": sk,
        **stated,
        **({"entrance": event.entrance} if event.entrance else {}),
        **({"sender": event.sender} if event.sender else {}),
        "batch_id": batch.batch_id,
        "payload_hash": event.payload_hash,
        "topic": event.topic,
        "envelope_id": event.envelope_id,
        "claimed_at_ms": now_ms,
        "expires_at": now_ms // 1000 + CLAIM_TTL_S,
    }


def _judge(
    batch_id: str, events: Sequence[SealedEvent], answers: Sequence[Written]
) -> tuple[frozenset[str], tuple[SealedEvent, ...], tuple[SealedEvent, ...]]:
    owned: set[str] = set()
    duplicates: list[SealedEvent] = []
    collisions: list[SealedEvent] = []
    for event, answer in zip(events, answers, strict=True):
        if answer.applied:
            owned.add(event.identity)
        elif answer.before is None:
            raise Transient("the ledger refused a claim without saying whose it is")
        elif answer.before["batch_id"] == batch_id:
            owned.add(event.identity)
        elif answer.before["payload_hash"] == event.payload_hash:
            duplicates.append(event)
        else:
            collisions.append(event)
    return frozenset(owned), tuple(duplicates), tuple(collisions)
