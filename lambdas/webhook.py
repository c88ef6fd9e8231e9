"""Lambda `webhook`: puts events posted over HTTPS into the events queue."""

from typing import Any

from lambdas.adapters.http_event import answer_of, request_of
from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.webhook import webhook_function
from lambdas.wiring import flushing, once

function = once(webhook_function)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Takes an event of an HTTP API, payload format 2.0."""
    with flushing():
        return answer_of(function()(request_of(event)))
