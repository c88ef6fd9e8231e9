"""Lambda `reconcile`: every 15 minutes, dead letters back to work or to a person."""

import json
from dataclasses import asdict
from functools import cache
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, deadline_ms
from lambdas.relay import overdue
from lambdas.relay.reconcile import Line, Needs, reconcile


@cache
def _needs() -> Needs:
    lines = [
        Line(row["name"], wiring.queue_at(row["url"]), wiring.queue_at(row["dead_url"]))
        for row in json.loads(wiring.settings().text("QUEUES"))
    ]
    (writes,) = (line.source for line in lines if line.name == "writes")
    return Needs(
        lines=lines,
        ledger=wiring.ledger(),
        vault=wiring.vault(),
        telemetry=wiring.telemetry(),
        overdue=overdue.Needs(
            recovery=wiring.recovery_from(writes),
            chance=wiring.CHANCE,
            timing=wiring.settings().timing,
            admission=overdue.Admission(wiring.ledger(), wiring.CHANCE),
        ),
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    needs = _needs()
    margin_ms = int(wiring.settings().timing.deadline_margin_s * 1000)
    try:
        result = asdict(reconcile(needs, deadline_ms(context, wiring.CLOCK) - margin_ms))
        needs.telemetry.note("reconciled", **result)
        return result
    finally:
        wiring.telemetry().flush()
