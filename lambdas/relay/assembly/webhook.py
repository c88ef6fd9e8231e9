"""webhook: from HTTPS to the events queue. It reaches no ledger and no vault."""

from collections.abc import Callable

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.entrances.proofs import Proof, Request
from lambdas.relay.functions.webhook import Deps, Reply, receive
from lambdas.relay.kernel.ports import Ports


def webhook_function(ports: Ports, settings: Settings) -> Callable[[Request], Reply]:
    deps = Deps(
        events=ports.queue("events"),
        keys=ports.sender_keys,
        clock=ports.clock,
        entropy=ports.entropy,
        telemetry=ports.telemetry,
        proof=Proof(settings.verification, settings.replay_window_s),
        sender_types=settings.configuration.sender_types,
    )
    return lambda request: receive(request, deps)
