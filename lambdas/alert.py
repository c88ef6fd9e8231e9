"""Lambda `alert`: at each change of an alarm, a message that says what it is about."""

from typing import Any

from lambdas import wiring
from lambdas.adapters.invocation import Context
from lambdas.relay.assembly.alert import alert_function

function = wiring.once(alert_function)


def handler(event: dict[str, Any], context: Context) -> None:
    with wiring.flushing():
        function()(event)
