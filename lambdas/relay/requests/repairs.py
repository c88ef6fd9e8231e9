"""Repairs damaged records in the ledger, and logs what was damaged."""

from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Change, Guard, Item, Ledger, Telemetry, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.damage import repairing
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.states import REVIEW, STATES


def put_right(item: Item | None, ledger: Ledger, telemetry: Telemetry, now_ms: int) -> bool:
    """Repairs a record in the ledger; True if it was damaged and must be read again. Raises
    Transient."""
    mended = None if item is None else repairing(item, STATES, REVIEW, now_ms)
    if item is None or mended is None:
        return False
    guard, change = mended
    ledger.change(item["pk"], item["sk"], guard, change)
    named = ", ".join(sorted(change.put.keys() | change.drop))
    telemetry.count("DamagedRecords")
    telemetry.note(
        "repaired", batch=item["pk"].removeprefix("R#"), reason=Code.RECORD_DAMAGED(named)
    )
    return True


def changed(
    batch_id: str,
    transition: tuple[Guard, Change],
    ledger: Ledger,
    telemetry: Telemetry,
    now_ms: int,
) -> Written | None:
    """Applies a transition; None if the record was damaged and has been repaired instead. Raises
    Transient."""
    key = record_key(batch_id)
    try:
        written = ledger.change(*key, *transition)
    except Malformed:
        # DynamoDB cannot add to a value that is not a number.
        if put_right(ledger.find([key])[0], ledger, telemetry, now_ms):
            return None
        raise
    is_damaged = not written.applied and put_right(written.before, ledger, telemetry, now_ms)
    return None if is_damaged else written
