"""write: from the writes queue to Genesys, within its rate limit."""

from lambdas.relay.assembly.clients import clients_of, common, rate_limiter_of
from lambdas.relay.assembly.consumers import Function, consumer_of, one_by_one
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions.attempt import Deps
from lambdas.relay.functions.write import write
from lambdas.relay.genesys.admission import Admission
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.kernel.ports import Ports


def write_deps(ports: Ports, settings: Settings) -> Deps:
    consumer = consumer_of("writes", ports, settings)
    rate_limiter = rate_limiter_of(ports, settings)
    breaker = CircuitBreaker(
        ports.ledger, ports.entropy, settings.configuration.breakers.destination
    )
    shared = common(ports, settings, rate_limiter)
    return Deps(
        **shared,
        consumer=consumer,
        clients=clients_of(ports, settings.configuration, shared["genesys"]),
        admission=Admission(rate_limiter, breaker, consumer),
    )


def write_function(ports: Ports, settings: Settings) -> Function:
    deps = write_deps(ports, settings)
    return one_by_one(lambda delivery, until_ms: write(delivery, deps, until_ms), deps.consumer)
