"""Lambda `intake`: envelopes from the events queue become sealed batches."""

from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import NO_RECEIPT, Context, answer, deliveries_of
from lambdas.relay.intake import Needs, intake


@cache
def _needs() -> Needs:
    return Needs(
        post=wiring.post("EVENTS"),
        batches=wiring.queue("BATCHES_QUEUE_URL"),
        configuration=wiring.settings().configuration(),
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Takes an SQS event, or one bare EventBridge event (the console's Test button)."""
    arrived = deliveries_of(event, wiring.CLOCK)
    try:
        kept = intake(arrived, _needs())
    finally:
        wiring.telemetry().flush()
    if kept and arrived[0].receipt == NO_RECEIPT:
        raise RuntimeError("the event could not be taken; invoke again")
    return answer(kept)
