"""Lambda `dedup`: claims the events of sealed batches."""

from typing import Any

from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.wiring import consume, once

function = once(dedup_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return consume(function, event, context)
