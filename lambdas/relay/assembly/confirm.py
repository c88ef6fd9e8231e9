"""confirm: from the checks queue to the records of the requests, and to Genesys with a question."""

from lambdas.relay.assembly.clients import common, rate_limiter_of
from lambdas.relay.assembly.consumers import Function, consumer_of, one_by_one
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.correlation.confirmation_breaker import ConfirmationBreaker
from lambdas.relay.functions.confirm import Deps, confirm
from lambdas.relay.kernel.ports import Ports


def confirm_deps(ports: Ports, settings: Settings) -> Deps:
    return Deps(
        **common(ports, settings, rate_limiter_of(ports, settings)),
        consumer=consumer_of("checks", ports, settings),
        confirmation_breaker=ConfirmationBreaker(
            ports.ledger, ports.entropy, settings.configuration.breakers.silence
        ),
    )


def confirm_function(ports: Ports, settings: Settings) -> Function:
    deps = confirm_deps(ports, settings)
    return one_by_one(lambda delivery, until_ms: confirm(delivery, deps, until_ms), deps.consumer)
