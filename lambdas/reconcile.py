"""Lambda `reconcile`: every 15 minutes, redrives dead letters or gives them to a person."""

from dataclasses import asdict
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, deadline_ms
from lambdas.relay.assembly.reconcile import reconcile_function

function = wiring.once(reconcile_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    with wiring.flushing():
        return asdict(function()(deadline_ms(context, wiring.CLOCK)))
