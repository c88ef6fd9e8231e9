"""confirm: what Genesys says happened meets what we asked of it."""

from dataclasses import dataclass

from lambdas.relay.deliveries import Disposition, Done, Later, Post
from lambdas.relay.errors import Malformed
from lambdas.relay.ports import Delivery, Ledger, Outgoing
from lambdas.relay.requests import Record, confirming, enlightening, record_key, window_over
from lambdas.relay.sealing import SealedEvent

@dataclass(frozen=True, slots=True)
class Needs:
    post: Post
    ledger: Ledger


def echo(event: SealedEvent) -> Outgoing:
    """The message that tells confirm of an event that a request of ours caused."""
    return Outgoing(
        event.correlation_id,
        {"kind": "event", "topic": event.topic, "envelope": event.envelope_id or "none"},
    )


def window(batch_id: str, seconds: int) -> Outgoing:
    """The timer of a request whose event is awaited."""
    return Outgoing(batch_id, {"kind": "window"}, seconds)


def confirm(delivery: Delivery, needs: Needs) -> Disposition:
    """Applies an event or a timer to the request's record; late and repeated ones do nothing."""
    now_ms = needs.post.clock.now_ms()
    kind, batch_id = delivery.attributes.get("kind"), delivery.body
    if kind == "window":
        needs.ledger.change(*record_key(batch_id), *window_over(now_ms))
        return Done()
    if kind != "event":
        raise Malformed(f"a check must be of kind event or window, not {kind!r}")
    note = f"{delivery.attributes.get('topic')} {delivery.attributes.get('envelope')}"
    written = needs.ledger.change(*record_key(batch_id), *confirming(now_ms, note))
    if written.applied or written.before is None:
        needs.post.telemetry.count("Confirmed")
        return Done()
    record = Record.of(written.before)
    if record.state in ("SEALED", "OPEN"):
        # A request with several items may still be split by its answer, so the answer is first.
        return Later("the request's answer is not on record yet")
    if record.state == "MANUAL_REVIEW":
        whole = len(written.before["events"]) == 1
        needs.ledger.change(*record_key(batch_id), *enlightening(now_ms, note, whole=whole))
    return Done()
