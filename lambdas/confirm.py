"""Lambda `confirm`: matches events and timers with the requests that caused them."""

from typing import Any

from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.confirm import confirm_function
from lambdas.wiring import consume, once

function = once(confirm_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return consume(function, event, context)
