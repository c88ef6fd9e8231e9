"""alert: reads what waits, and publishes to a topic of its own."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.functions.alert import Deps, alert
from lambdas.relay.kernel.ports import Notices, Ports


class AlertPorts(Ports, Protocol):
    """No other function speaks to people."""

    @property
    def notices(self) -> Notices: ...


def alert_function(ports: AlertPorts, _: Settings) -> Callable[[Mapping[str, Any]], None]:
    """Takes an event of EventBridge."""
    deps = Deps(ports.ledger, ports.vault, ports.clock, ports.notices)

    def run(event: Mapping[str, Any]) -> None:
        ports.telemetry.note("alerted", state=alert(event, deps))

    return run
