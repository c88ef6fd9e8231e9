"""reconcile: every dead-letter queue, and the records that nobody has brought to an end."""

from collections.abc import Callable
from dataclasses import asdict

from lambdas.relay import overdue
from lambdas.relay.assembly.clients import recovery_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.limits import QUEUES
from lambdas.relay.ports import Ports
from lambdas.relay.reconcile import Line, Needs, reconcile
from lambdas.relay.tally import Result


def reconcile_needs(ports: Ports, settings: Settings) -> Needs:
    return Needs(
        lines=[Line(name, ports.queue(name), ports.queue(f"{name}-dead")) for name in QUEUES],
        ledger=ports.ledger,
        vault=ports.vault,
        telemetry=ports.telemetry,
        overdue=overdue.Needs(
            recovery=recovery_of(ports, settings),
            chance=ports.chance,
            timing=settings.timing,
            admission=overdue.Admission(ports.ledger, ports.chance),
        ),
    )


def reconcile_function(ports: Ports, settings: Settings) -> Callable[[int], Result]:
    """Takes the moment at which the invocation ends."""
    needs = reconcile_needs(ports, settings)
    margin_ms = int(settings.timing.deadline_margin_s * 1000)

    def run(deadline_ms: int) -> Result:
        result = reconcile(needs, deadline_ms - margin_ms)
        ports.telemetry.note("reconciled", **asdict(result))
        return result

    return run
