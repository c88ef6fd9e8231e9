"""reconcile: every dead-letter queue, and the records that were not settled in time."""

from collections.abc import Callable
from dataclasses import asdict

from lambdas.relay.assembly.clients import common, rate_limiter_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions import overdue
from lambdas.relay.functions.reconcile import Deps, Line, reconcile
from lambdas.relay.functions.tally import Result
from lambdas.relay.kernel.lanes import queues
from lambdas.relay.kernel.ports import Ports


def reconcile_deps(ports: Ports, settings: Settings) -> Deps:
    names = queues(has_lanes=settings.configuration.has_lanes)
    return Deps(
        **common(ports, settings, rate_limiter_of(ports, settings)),
        batches=ports.queue("batches"),
        breakers=overdue.BreakersSeen(ports.ledger, ports.entropy),
        lines=[Line(name, ports.queue(name), ports.queue(f"{name}-dead")) for name in names],
        reader=settings.configuration.reader,
        resume_redrive=ports.resume_redrive,
    )


def reconcile_function(ports: Ports, settings: Settings) -> Callable[[int], Result]:
    """Takes the time at which the invocation ends."""
    deps = reconcile_deps(ports, settings)
    margin_ms = int(settings.timing.deadline_margin_s * 1000)

    def run(deadline_ms: int) -> Result:
        result = reconcile(deps, deadline_ms - margin_ms)
        ports.telemetry.note("reconciled", **asdict(result))
        return result

    return run
