"""Lambda `write`: one sealed message, one request to Genesys."""

from typing import Any

from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.write import write_functions
from lambdas.wiring import consume, of_source, once

functions = once(write_functions)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return consume(lambda: of_source(functions(), event), event, context)
