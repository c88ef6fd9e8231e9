"""webhook: from HTTPS to the events queue. It reaches no ledger and no vault."""

from collections.abc import Callable

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.entrances.proofs import Proof, Request
from lambdas.relay.ports import Ports
from lambdas.relay.webhook import Needs, Reply, receive


def webhook_function(ports: Ports, settings: Settings) -> Callable[[Request], Reply]:
    needs = Needs(
        events=ports.queue("events"),
        keys=ports.sender_keys,
        clock=ports.clock,
        chance=ports.chance,
        telemetry=ports.telemetry,
        proof=Proof(settings.verification, settings.replay_window_s),
        sender_types=settings.configuration.sender_types,
    )
    return lambda request: receive(request, needs)
