"""Before a person gets a message: has its request taken effect, although its answer was lost?

Its event may have shown this while the request was open, and Genesys may show all of its items. In
both cases there is nothing for a person to decide.
"""

from lambdas.relay.correlation import recovery
from lambdas.relay.correlation.deps import Deps
from lambdas.relay.correlation.last_look import LastLook
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination, of_target
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import LAST_LOOK_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.sealing import Batch, decode, encode
from lambdas.relay.requests.record import Record, noted, record_key
from lambdas.relay.requests.sending import is_shown
from lambdas.relay.requests.tracking import accepting, reconciling


def settle_taken(message: str, deps: Deps) -> bool:
    """Settles the request if it may have taken effect, nobody sends it now, and its event or
    Genesys shows all of it. Raises Transient."""
    try:
        batch = decode(message)
    except Malformed:
        return False
    destination = of_target(batch.target, deps.destinations)
    item, now_ms = deps.ledger.find([record_key(batch.batch_id)])[0], deps.clock.now_ms()
    tracked = None if item is None else Record.of(item)
    if destination is None or tracked is None:
        return False
    if tracked.state != "OPEN" or now_ms < tracked.lease_until_ms:
        return False
    if len(batch.events) != tracked.items:
        return False
    awaited = destination.awaited
    shows_all = len(batch.events) == 1 or destination.takes_whole
    if awaited is not None and shows_all and is_shown(tracked, awaited, batch.depth):
        return _await_the_rest(batch, tracked, awaited, deps, now_ms)
    return _settle_what_genesys_shows(batch, tracked, destination, deps, now_ms)


def _await_the_rest(
    batch: Batch, tracked: Record, awaited: Confirmation, deps: Deps, now_ms: int
) -> bool:
    """Nothing is sent again; what else completes the record may still come."""
    key = record_key(batch.batch_id)
    deps.vault.keep(sealed_key(batch.batch_id), encode(batch))
    if not deps.ledger.change(*key, *accepting(tracked, now_ms, awaited)).applied:
        return False
    item = deps.ledger.find([key])[0]
    if item is not None:
        # If this is not done here, the record is on the reconciler's list.
        recovery.meet_what_was_heard(Record.of(item), deps, now_ms)
    return True


def _settle_what_genesys_shows(
    batch: Batch, tracked: Record, destination: Destination, deps: Deps, now_ms: int
) -> bool:
    until_ms = now_ms + LAST_LOOK_S * 1000
    if not LastLook(batch, destination, deps, until_ms).is_there():
        return False
    history = noted(tracked.history, tracked.attempt, now_ms, Code.FOUND_TAKEN())
    settling = reconciling(tracked, tracked.ordering, now_ms, Code.FOUND_TAKEN(), history=history)
    if not deps.ledger.change(*record_key(tracked.batch_id), *settling).applied:
        return False
    deps.telemetry.count("Reconciled")
    deps.telemetry.note("reconciled", batch=tracked.batch_id)
    deps.vault.discard(sealed_key(tracked.batch_id))
    return True
