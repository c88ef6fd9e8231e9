"""Lambda `write`: one sealed message, one request to Genesys."""

from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, answer, deadline_ms, deliveries_of
from lambdas.relay.deliveries import settle_each
from lambdas.relay.genesys.breaker import Breaker
from lambdas.relay.genesys.turns import Turns
from lambdas.relay.write import Needs, write


@cache
def _needs() -> Needs:
    post = wiring.post("WRITES")
    return Needs(
        post=post,
        ledger=wiring.ledger(),
        writes=wiring.queue("WRITES_QUEUE_URL"),
        checks=wiring.queue("CHECKS_QUEUE_URL"),
        genesys=wiring.genesys(),
        turns=Turns(wiring.pace(), Breaker(wiring.ledger(), wiring.CHANCE), post),
        destinations=wiring.settings().configuration().destinations,
        timing=wiring.settings().timing,
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    needs = _needs()
    until_ms = deadline_ms(context, wiring.CLOCK)
    try:
        arrived = deliveries_of(event, wiring.CLOCK)
        return answer(settle_each(arrived, lambda d: write(d, needs, until_ms), needs.post))
    finally:
        wiring.telemetry().flush()
