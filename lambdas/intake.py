"""Lambda `intake`: turns envelopes from the events queue into sealed batches."""

from typing import Any

from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.intake import intake_function
from lambdas.wiring import consume, once

function = once(intake_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return consume(function, event, context)
