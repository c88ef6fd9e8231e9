"""What a function needs to settle a request."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination, of_target
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.kernel.limits import Timing
from lambdas.relay.kernel.ports import Clock, Entropy, Ledger, Outbox, Queue, Telemetry, Vault
from lambdas.relay.requests.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The part that write, confirm and reconcile share; each extends it."""

    ledger: Ledger
    vault: Vault
    writes: Outbox
    checks: Queue
    genesys: Genesys
    destinations: Mapping[str, Destination]
    clock: Clock
    entropy: Entropy
    telemetry: Telemetry
    timing: Timing

    def destination(self, record: Record) -> Destination | None:
        """Where a record's request goes; None where this configuration has no name for it."""
        return of_target(record, self.destinations)

    def confirmation(self, record: Record) -> Confirmation | None:
        """How a record's request is confirmed."""
        destination = self.destination(record)
        return None if destination is None else destination.confirmation
