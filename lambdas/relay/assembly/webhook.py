"""webhook: from HTTPS to the events queue. It has no access to the vault, and to the ledger only to
read claims, if its answers report copies."""

from collections.abc import Callable

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.entrances.allowance import Allowance
from lambdas.relay.entrances.proofs import Proof, Request
from lambdas.relay.functions.webhook import Deps, Known, Reply, receive
from lambdas.relay.kernel.limits import WEBHOOK_STRANGERS_PER_MINUTE
from lambdas.relay.kernel.ports import Ports


def webhook_function(ports: Ports, settings: Settings) -> Callable[[Request], Reply]:
    deps = Deps(
        events=ports.queue("events"),
        keys=ports.sender_keys,
        clock=ports.clock,
        entropy=ports.entropy,
        telemetry=ports.telemetry,
        proof=Proof(settings.verification, settings.replay_window_s),
        allowance=Allowance(settings.sender_requests_per_minute),
        strangers=Allowance(WEBHOOK_STRANGERS_PER_MINUTE),
        sender_types=settings.configuration.sender_types,
        known=Known(ports.ledger, ports.personal_key) if settings.answers_copies else None,
    )
    return lambda request: receive(request, deps)
