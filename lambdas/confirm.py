"""Lambda `confirm`: events and timers meet the requests that caused them."""

from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, answer, deadline_ms, deliveries_of
from lambdas.relay.confirm import Needs, confirm
from lambdas.relay.correlating.silence import Silence
from lambdas.relay.deliveries import settle_each


@cache
def _needs() -> Needs:
    return Needs(
        post=wiring.post("CHECKS"),
        ledger=wiring.ledger(),
        recovery=wiring.recovery_from(wiring.queue("WRITES_QUEUE_URL")),
        silence=Silence(wiring.ledger(), wiring.CHANCE),
        timing=wiring.settings().timing,
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    needs = _needs()
    until_ms = deadline_ms(context, wiring.CLOCK)
    try:
        arrived = deliveries_of(event, wiring.CLOCK)
        return answer(settle_each(arrived, lambda d: confirm(d, needs, until_ms), needs.post))
    finally:
        wiring.telemetry().flush()
