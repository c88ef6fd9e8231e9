"""Lambda `write`: one sealed message, one request to Genesys."""

from typing import Any

from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.write import write_function
from lambdas.wiring import consume, once

function = once(write_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return consume(function, event, context)
