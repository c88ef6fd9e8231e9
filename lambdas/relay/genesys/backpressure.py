"""Backpressure: whether there is more to write than Genesys accepts, for the functions before
`write`."""

from lambdas.relay.genesys import circuit_breaker, rate_limiter
from lambdas.relay.genesys.circuit_breaker import Circuit
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.limits import PRESSURE_FRESH_S
from lambdas.relay.kernel.ports import Item, Ledger
from lambdas.relay.ledger.shared import key_of


class Backpressure:
    """One instance's view of it. Raises Transient if the ledger does not answer."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: dict[str, tuple[int, bool]] = {}

    def on(self, destination: str, now_ms: int) -> bool:
        """Whether requests to this destination wait for slots or for Genesys to recover."""
        seen = self._seen.get(destination)
        if seen is None or now_ms >= seen[0] + PRESSURE_FRESH_S * 1000:
            keys = [key_of(rate_limiter.NAME), key_of(circuit_breaker.name_of(destination))]
            window, circuit = self._ledger.find(keys)
            seen = now_ms, is_pressed(window, circuit, now_ms)
            self._seen[destination] = seen
        return seen[1]


def is_pressed(window: Item | None, circuit: Item | None, now_ms: int) -> bool:
    """From the items of the rate limiter and of the destination's circuit breaker."""
    health = Circuit.of(circuit)
    waits = health.is_open or now_ms < health.rest_until_ms
    return waits or rate_limiter.is_pressed(Window.of(window), now_ms)
