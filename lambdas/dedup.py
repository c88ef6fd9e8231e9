"""Lambda `dedup`: sealed batches claim their events."""

from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, answer, deliveries_of
from lambdas.relay.dedup import Needs, dedup
from lambdas.relay.deliveries import settle_each


@cache
def _needs() -> Needs:
    destinations = wiring.settings().configuration().destinations.values()
    return Needs(
        post=wiring.post("BATCHES"),
        ledger=wiring.ledger(),
        writes=wiring.queue("WRITES_QUEUE_URL"),
        checks=wiring.queue("CHECKS_QUEUE_URL"),
        expects_echoes=any(d.confirmed_within_s is not None for d in destinations),
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    needs = _needs()
    try:
        arrived = deliveries_of(event, wiring.CLOCK)
        return answer(settle_each(arrived, lambda d: dedup(d, needs), needs.post))
    finally:
        wiring.telemetry().flush()
