"""What the functions that talk to Genesys have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from lambdas.relay.assembly.consumers import writes_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.destinations.destination import Service
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.rate_limiter import Quota, RateLimiter
from lambdas.relay.kernel.lanes import Lane
from lambdas.relay.kernel.ports import Ports
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.sinks.client import Client, Clients
from lambdas.relay.sinks.https import HttpsClient
from lambdas.relay.sinks.records import RecordsClient


def rate_limiter_of(ports: Ports, settings: Settings, lane: Lane = "normal") -> RateLimiter:
    """One instance's share of the rate limit: every request to Genesys takes a slot here."""
    among = lane if settings.configuration.has_lanes else None
    quota = Quota(settings.requests_per_minute, settings.headroom, among)
    return RateLimiter(ports.ledger, ports.entropy, quota)


def genesys_of(ports: Ports, settings: Settings, rate_limiter: RateLimiter) -> Genesys:
    return Genesys(
        http=ports.http,
        secrets=ports.secrets,
        clock=ports.clock,
        rate_limiter=rate_limiter,
        api_url=settings.api_url,
        login_url=settings.login_url,
    )


def clients_of(ports: Ports, configuration: Configuration, genesys: Genesys) -> Clients:
    """The clients that send the requests of the configured destinations."""
    made: Mapping[Service, Callable[[], Client]] = {
        "genesys": lambda: genesys,
        "https": lambda: HttpsClient(ports.http, ports.signing_keys, ports.clock),
        "event-bus": lambda: RecordsClient(ports.records("event-bus")),
        "queue": lambda: RecordsClient(ports.records("queue")),
        "firehose": lambda: RecordsClient(ports.records("firehose")),
    }
    used = {destination.service for destination in configuration.destinations.values()}
    return {service: make() for service, make in made.items() if service in used}


def common(ports: Ports, settings: Settings, rate_limiter: RateLimiter) -> dict[str, Any]:
    """The members of `correlation.deps.Deps`, for a function to add its own to."""
    return {
        "ledger": ports.ledger,
        "vault": ports.vault,
        "writes": writes_of(ports, settings.configuration),
        "checks": ports.queue("checks"),
        "genesys": genesys_of(ports, settings, rate_limiter),
        "destinations": settings.configuration.destinations,
        "clock": ports.clock,
        "entropy": ports.entropy,
        "telemetry": ports.telemetry,
        "timing": settings.timing,
    }
