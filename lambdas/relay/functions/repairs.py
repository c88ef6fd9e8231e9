"""Repairs damaged records in the ledger, and logs what was damaged."""

from lambdas.relay.correlation.deps import Deps
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Change, Guard, Item, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.damage import LOST, repairing
from lambdas.relay.requests.record import batch_id_of, record_key
from lambdas.relay.requests.states import REVIEW, STATES
from lambdas.relay.review.cases import open_case

ADVICE = "Look in Genesys whether it took effect; then resolve it as happened, or as again."


def put_right(item: Item | None, deps: Deps) -> bool:
    """Repairs a record in the ledger; True if it was damaged and must be read again. If its state
    is lost, a person gets it, with its payload. Raises Transient."""
    now_ms = deps.clock.now_ms()
    mended = None if item is None else repairing(item, STATES, REVIEW, now_ms)
    if item is None or mended is None:
        return False
    guard, change = mended
    batch_id, named = batch_id_of(item["pk"]), ", ".join(sorted(change.put.keys() | change.drop))
    if change.put.get("state") == LOST:
        open_case(batch_id, Code.RECORD_DAMAGED(named), ADVICE, deps.vault, now_ms)
    deps.ledger.change(item["pk"], item["sk"], guard, change)
    deps.telemetry.count("DamagedRecords")
    deps.telemetry.note("repaired", batch=batch_id, reason=Code.RECORD_DAMAGED(named))
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
