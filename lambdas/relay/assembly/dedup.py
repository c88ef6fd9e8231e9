"""dedup: from the batches queue to the writes queue, by way of the claims."""

from lambdas.relay.assembly.consumers import Consumer, post_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.consolidation import Needs as TogetherNeeds
from lambdas.relay.consolidation import dedup_together
from lambdas.relay.dedup import Needs
from lambdas.relay.genesys.pressure import Pressure
from lambdas.relay.ledger.health import SparedLedger
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.ports import Ports


def dedup_function(ports: Ports, settings: Settings) -> Consumer:
    return dedup_knowing(KnownClaims(), ports, settings)


def dedup_knowing(known: KnownClaims, ports: Ports, settings: Settings) -> Consumer:
    """An instance that has learned of some claims already."""
    configuration = settings.configuration
    spared = SparedLedger(ports.ledger, ports.clock, ports.telemetry)
    needs = Needs(
        post=post_of("batches", ports, settings),
        ledger=RememberingLedger(spared, known, ports.clock),
        writes=ports.queue("writes"),
        checks=ports.queue("checks"),
        confirmations=configuration.confirmations,
        answer_wait_s=settings.timing.answer_wait_s,
        known=known,
    )
    together = TogetherNeeds(needs, Pressure(needs.ledger), configuration.destinations)
    return lambda arrived, deadline_ms: dedup_together(arrived, together)
