"""intake: from the events queue to the batches queue. It reaches neither ledger nor Genesys."""

from lambdas.relay.assembly.consumers import Function, consumer_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions.intake import Deps, intake
from lambdas.relay.kernel.ports import Ports


def intake_function(ports: Ports, settings: Settings) -> Function:
    deps = Deps(
        consumer=consumer_of("events", ports, settings),
        batches=ports.queue("batches"),
        configuration=settings.configuration,
        personal_key=ports.personal_key,
    )
    return lambda arrived, deadline_ms: intake(arrived, deps)
