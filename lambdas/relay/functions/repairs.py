"""Repairs the damaged records that a function meets, and logs what was damaged."""

from typing import Protocol

from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import (
    Change,
    Clock,
    Guard,
    Item,
    Ledger,
    Telemetry,
    Vault,
    Written,
)
from lambdas.relay.requests.record import batch_id_of, record_key
from lambdas.relay.review.cases import repair


class Deps(Protocol):
    @property
    def ledger(self) -> Ledger: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def telemetry(self) -> Telemetry: ...


def put_right(item: Item | None, deps: Deps) -> bool:
    """Repairs a record in the ledger; True if it was damaged and must be read again. Raises
    Transient."""
    damage = None if item is None else repair(item, deps.ledger, deps.vault, deps.clock.now_ms())
    if item is None or damage is None:
        return False
    deps.telemetry.count("DamagedRecords")
    deps.telemetry.note("repaired", batch=batch_id_of(item["pk"]), reason=damage)
    return True


def changed(batch_id: str, transition: tuple[Guard, Change], deps: Deps) -> Written | None:
    """Applies a transition; None if the record was damaged and has been repaired instead. Raises
    Transient."""
    key = record_key(batch_id)
    try:
        written = deps.ledger.change(*key, *transition)
    except Malformed:
        # DynamoDB cannot add to a value that is not a number.
        if put_right(deps.ledger.find([key])[0], deps):
            return None
        raise
    return None if not written.applied and put_right(written.before, deps) else written
