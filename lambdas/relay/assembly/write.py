"""write: from the writes queue to Genesys, within its rate limit."""

from collections.abc import Mapping

from lambdas.relay.assembly.clients import clients_of, common, rate_limiter_of
from lambdas.relay.assembly.consumers import Function, consumer_of, one_by_one
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions.attempt import Deps
from lambdas.relay.functions.write import write
from lambdas.relay.genesys.admission import Admission
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.genesys.quotas import Quotas
from lambdas.relay.kernel.lanes import LANES, Lane, writes_queue
from lambdas.relay.kernel.ports import Ports


def write_deps(ports: Ports, settings: Settings, lane: Lane = "normal") -> Deps:
    consumer = consumer_of(writes_queue(lane), ports, settings)
    rate_limiter = rate_limiter_of(ports, settings, lane)
    breaker = CircuitBreaker(
        ports.ledger, ports.entropy, settings.configuration.breakers.destination
    )
    shared = common(ports, settings, rate_limiter)
    return Deps(
        **shared,
        consumer=consumer,
        clients=clients_of(ports, settings.configuration, shared["genesys"]),
        admission=Admission(rate_limiter, breaker, Quotas(ports.ledger, ports.entropy), consumer),
    )


def write_function(ports: Ports, settings: Settings, lane: Lane = "normal") -> Function:
    deps = write_deps(ports, settings, lane)
    return one_by_one(lambda delivery, until_ms: write(delivery, deps, until_ms), deps.consumer)


def write_functions(ports: Ports, settings: Settings) -> Mapping[str, Function]:
    """By the queue that a message comes from."""
    lanes = LANES if settings.configuration.has_lanes else ("normal",)
    return {writes_queue(lane): write_function(ports, settings, lane) for lane in lanes}
