"""Lambda `dedup`: sealed batches claim their events."""

from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, answer, deliveries_of
from lambdas.relay.consolidation import Needs as TogetherNeeds
from lambdas.relay.consolidation import dedup_together
from lambdas.relay.dedup import Needs
from lambdas.relay.genesys.pressure import Pressure
from lambdas.relay.ledger.health import SparedLedger
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger


@cache
def _needs() -> TogetherNeeds:
    known, telemetry = KnownClaims(), wiring.telemetry()
    spared = SparedLedger(wiring.ledger(), wiring.CLOCK, telemetry)
    configuration = wiring.settings().configuration()
    needs = Needs(
        post=wiring.post("BATCHES"),
        ledger=RememberingLedger(spared, known, wiring.CLOCK),
        writes=wiring.queue("WRITES_QUEUE_URL"),
        checks=wiring.queue("CHECKS_QUEUE_URL"),
        confirmations=configuration.confirmations,
        answer_wait_s=wiring.settings().timing.answer_wait_s,
        known=known,
    )
    return TogetherNeeds(needs, Pressure(needs.ledger), configuration.destinations)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    needs = _needs()
    try:
        arrived = deliveries_of(event, wiring.CLOCK)
        return answer(dedup_together(arrived, needs))
    finally:
        wiring.telemetry().flush()
