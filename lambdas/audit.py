"""Lambda `audit`: once a day, finds what Genesys has on record but the relay never received."""

from dataclasses import asdict
from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context, deadline_ms
from lambdas.relay.assembly.audit import audit_function

function = wiring.once(audit_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    with wiring.flushing():
        return asdict(function()(deadline_ms(context, wiring.CLOCK)))
