"""Events beyond the horizon (R5): a claim on an event this old may have expired, so a missing claim
proves nothing."""

from lambdas.relay.kernel.limits import HORIZON_S, SEALED_BYTES_MAX
from lambdas.relay.kernel.ports import Ledger
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim_keys, earlier_keys, is_copy
from lambdas.relay.messages.consumer import Consumer, Disposition, Done, Later
from lambdas.relay.messages.sealing import Batch, seal
from lambdas.relay.review.cases import park


def aged_events(batch: Batch, now_ms: int) -> frozenset[str]:
    """The events of a batch that are beyond the horizon, by identity. The others can be decided,
    and must not wait for these."""
    return frozenset(
        event.identity for event in batch.events if now_ms - event.accepted_at_ms > HORIZON_S * 1000
    )


def apart(old: Batch) -> Batch:
    """The aged events of a batch as a batch of their own for a person to decide: the same one in
    every run."""
    (made,) = seal(
        old.target,
        old.events,
        now_ms=old.sealed_at_ms,
        nonce=f"{old.batch_id}.aged",
        most_events=len(old.events),
        most_bytes=SEALED_BYTES_MAX,
    )
    return made


def beyond_horizon(batch: Batch, ledger: Ledger, consumer: Consumer, now_ms: int) -> Disposition:
    """Events that another batch is known to own are duplicates; the rest is for a person."""
    keys = [
        (event, key)
        for event in batch.events
        for key in (*claim_keys(event, batch.target), *earlier_keys(event, batch.target))
    ]
    held = ledger.find([key for _, key in keys])
    copies = frozenset(
        event.identity
        for (event, _), item in zip(keys, held, strict=True)
        if is_copy(event, item, batch.batch_id)
    )
    undecided = frozenset(event.identity for event in batch.events) - copies
    if not undecided or batch.target.is_shadow:
        return Done()
    parked = park(
        batch.only(undecided),
        "MANUAL_REVIEW",
        Code.BEYOND_HORIZON(),
        ledger=ledger,
        vault=consumer.vault,
        now_ms=now_ms,
    )
    consumer.telemetry.count("BeyondHorizon", len(undecided))
    return Done() if parked else Later(Code.REQUEST_UNDER_WAY())
