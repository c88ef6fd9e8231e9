"""dedup: a sealed batch claims its events; what it owns goes on to be written."""

from dataclasses import dataclass

from lambdas.relay.claims import claim, claim_key
from lambdas.relay.confirm import echo
from lambdas.relay.deliveries import Disposition, Done, Later, Post
from lambdas.relay.limits import HORIZON_S
from lambdas.relay.ports import Delivery, Ledger, Outgoing, Queue
from lambdas.relay.requests import Record, emptying, record_key, sealed_item
from lambdas.relay.review import park
from lambdas.relay.sealing import Batch, decode, describe, encode


@dataclass(frozen=True, slots=True)
class Needs:
    post: Post
    ledger: Ledger
    writes: Queue
    checks: Queue
    #: some destination's requests cause events that come back on the bus
    expects_echoes: bool


def dedup(delivery: Delivery, needs: Needs) -> Disposition:
    """Records the batch, claims its events, forwards the ones it owns. Repeatable at any point:
    claims are written once and name this batch, so a second run owns what the first did."""
    now_ms = needs.post.clock.now_ms()
    batch = decode(delivery.body)
    if now_ms - batch.oldest_ms > HORIZON_S * 1000:
        return _beyond_horizon(batch, needs, now_ms)
    recorded = needs.ledger.insert([sealed_item(batch, now_ms)])[0]
    if recorded.before is not None and Record.of(recorded.before).state != "SEALED":
        # Its write message has been at work already, so it is durable: nothing to add.
        return Done()
    echoes: frozenset[str] = _echoes(batch, needs) if needs.expects_echoes else frozenset()
    if echoes:
        needs.checks.send([echo(event) for event in batch.only(echoes).events])
    claimed = claim(batch.without(echoes), needs.ledger, now_ms)
    telemetry = needs.post.telemetry
    telemetry.count("Duplicates", len(claimed.duplicates))
    for event in claimed.duplicates:
        telemetry.note("duplicate", identity=event.identity, batch=batch.batch_id)
    for event in claimed.collisions:
        telemetry.count("IdentityCollisions")
        telemetry.note("collision", identity=event.identity, batch=batch.batch_id)
    if not claimed.owned:
        needs.ledger.change(*record_key(batch.batch_id), *emptying(now_ms))
        return Done()
    own = batch.only(claimed.owned)
    needs.writes.send([Outgoing(encode(own), describe(own))])
    telemetry.count("Claimed", len(own.events))
    return Done()


def _echoes(batch: Batch, needs: Needs) -> frozenset[str]:
    """The loop guard: an event that a request of ours caused confirms that request and is never
    written again. The record is older than any event it can cause, and is read consistently, so
    that every run of this batch sees the same echoes."""
    asked = [event for event in batch.events if event.correlation_id]
    found = needs.ledger.find([record_key(event.correlation_id) for event in asked])
    return frozenset(
        event.identity for event, item in zip(asked, found, strict=True) if item is not None
    )


def _beyond_horizon(batch: Batch, needs: Needs, now_ms: int) -> Disposition:
    """R5: a claim on an event this old may have expired, so that its absence proves nothing.
    What another batch is known to own is a duplicate; the rest is for a person."""
    items = needs.ledger.find([claim_key(e, batch.target.destination) for e in batch.events])
    undecided = frozenset(
        event.identity
        for event, item in zip(batch.events, items, strict=True)
        if item is None
        or item["batch_id"] == batch.batch_id
        or item["payload_hash"] != event.payload_hash
    )
    if not undecided:
        return Done()
    parked = park(
        batch.only(undecided),
        "MANUAL_REVIEW",
        "older than the horizon: nobody can tell any more whether it was delivered",
        ledger=needs.ledger,
        vault=needs.post.vault,
        now_ms=now_ms,
    )
    needs.post.telemetry.count("BeyondHorizon", len(undecided))
    return Done() if parked else Later("its request is under way")
