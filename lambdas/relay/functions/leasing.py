"""The lease of a request: which message may send it now, and what a copy does instead."""

from lambdas.relay.correlation.deps import Deps
from lambdas.relay.destinations.correlation import expecting
from lambdas.relay.destinations.destination import of_target
from lambdas.relay.functions.parts import stand_by
from lambdas.relay.functions.repairs import changed
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition, Done, Later
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.sending import Opened, opened, opening
from lambdas.relay.review.cases import park


def open_request(batch: Batch, deps: Deps, now_ms: int, deadline_ms: int) -> Opened | Disposition:
    """Takes the lease, or returns what to do instead."""
    lease_until_ms = deadline_ms + int(deps.timing.quarantine_s * 1000)
    holder = deps.entropy.token()
    destination = of_target(batch.target, deps.destinations)
    awaited = None if destination is None else destination.awaited
    carried = {"items": len(batch.events), **expecting(batch, awaited)}
    transition = opening(now_ms, lease_until_ms, holder, **carried)
    written = changed(batch.batch_id, transition, deps)
    if written is None:
        return Later(Code.RECORD_REPAIRED(), 0)
    lease = opened(written, batch.batch_id, holder, now_ms)
    if lease is not None:
        return lease
    if written.before is None or Record.of(written.before).has_expired(now_ms):
        # R5: every write message had a record. A missing one was final so long ago that it expired,
        # or the table was restored: its absence proves nothing.
        park(
            batch,
            "MANUAL_REVIEW",
            Code.RECORD_GONE(),
            ledger=deps.ledger,
            vault=deps.vault,
            now_ms=now_ms,
        )
        return Done()
    standing = Record.of(written.before)
    if stand_by(batch, standing, deps):
        return Done()
    return Later(Code.LEASE_HELD(), until_s(standing.lease_until_ms, now_ms))


def until_s(moment_ms: int, now_ms: int) -> float:
    return max(1.0, (moment_ms - now_ms) / 1000 + 0.5)
