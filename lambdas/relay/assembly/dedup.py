"""dedup: from the batches queue to the writes queue, by way of the claims."""

from lambdas.relay.assembly.consumers import Function, consumer_of, writes_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions.consolidation import Deps as TogetherDeps
from lambdas.relay.functions.consolidation import dedup_together
from lambdas.relay.functions.dedup import Deps
from lambdas.relay.genesys.backpressure import Backpressure
from lambdas.relay.kernel.ports import Ports
from lambdas.relay.ledger.health import SparedLedger
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger


def dedup_function(ports: Ports, settings: Settings) -> Function:
    return dedup_knowing(KnownClaims(), ports, settings)


def dedup_knowing(known: KnownClaims, ports: Ports, settings: Settings) -> Function:
    """For an instance that already knows some claims."""
    configuration = settings.configuration
    spared = SparedLedger(ports.ledger, ports.clock, ports.telemetry, configuration.breakers.ledger)
    deps = Deps(
        consumer=consumer_of("batches", ports, settings),
        ledger=RememberingLedger(spared, known, ports.clock),
        writes=writes_of(ports, configuration),
        checks=ports.queue("checks"),
        destinations=configuration.destinations,
        confirmations=configuration.confirmations,
        answer_wait_s=settings.timing.answer_wait_s,
        known=known,
    )
    together = TogetherDeps(deps, Backpressure(deps.ledger), configuration.destinations)
    return lambda arrived, deadline_ms: dedup_together(arrived, together, deadline_ms)
