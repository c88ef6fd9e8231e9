"""audit: the last lane's part of the rate limit, and half of the rest left to the writers."""

from collections.abc import Callable
from dataclasses import asdict

from lambdas.relay.assembly.clients import genesys_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.audit.auditing import Deps, quota
from lambdas.relay.audit.gathering import Analytics
from lambdas.relay.functions.audit import Result, audit_lately, patience
from lambdas.relay.genesys.rate_limiter import RateLimiter
from lambdas.relay.kernel.ports import Ports


def audit_function(ports: Ports, settings: Settings) -> Callable[[int], Result]:
    """Takes the moment at which the invocation ends."""
    configuration = settings.configuration
    limited = quota(
        settings.requests_per_minute, settings.headroom, has_lanes=configuration.has_lanes
    )
    rate_limiter = RateLimiter(ports.ledger, ports.entropy, limited)
    genesys = genesys_of(ports, settings, rate_limiter)
    margin_ms = int(settings.timing.deadline_margin_s * 1000)

    def run(deadline_ms: int) -> Result:
        wait = patience(ports.clock, deadline_ms - margin_ms)
        analytics = Analytics(genesys, ports.clock, wait)
        deps = Deps(analytics, ports.ledger, configuration, keeps_bodies=False)
        result = audit_lately(deps, settings.audit_hours, ports.clock, ports.telemetry)
        ports.telemetry.note("audited", **asdict(result))
        return result

    return run
