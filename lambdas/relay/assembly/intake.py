"""intake: from the events queue to the batches queue. It reaches neither ledger nor Genesys."""

from lambdas.relay.assembly.consumers import Consumer, post_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.intake import Needs, intake
from lambdas.relay.ports import Ports


def intake_function(ports: Ports, settings: Settings) -> Consumer:
    needs = Needs(
        post=post_of("events", ports, settings),
        batches=ports.queue("batches"),
        configuration=settings.configuration,
    )
    return lambda arrived, deadline_ms: intake(arrived, needs)
