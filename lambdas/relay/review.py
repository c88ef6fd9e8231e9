"""Manual review: what only a person can decide is kept, with everything needed to decide it.

The document goes to the vault before the record says so, and before the message is acked: a
crash between leaves a stray document, never a record without one.
"""

from lambdas.relay.canonical import canonical
from lambdas.relay.ports import Ledger, Vault
from lambdas.relay.requests import (
    FINAL,
    PARKED,
    SETTLED,
    Record,
    State,
    parked_item,
    parking,
    record_key,
)
from lambdas.relay.sealing import Batch, encode


def review_key(batch_id: str) -> str:
    return f"review/{batch_id}.json"


def keep_for_review(batch: Batch, reason: str, vault: Vault, now_ms: int) -> None:
    """Stores the batch with its reason."""
    vault.keep(
        review_key(batch.batch_id),
        canonical({"reason": reason, "at_ms": now_ms, "message": encode(batch)}),
    )


def park(
    batch: Batch, state: State, reason: str, *, ledger: Ledger, vault: Vault, now_ms: int
) -> bool:
    """Parks a batch that nobody holds; False while somebody does. A batch that has been settled
    meanwhile stays as it is."""
    keep_for_review(batch, reason, vault, now_ms)
    written = ledger.insert([parked_item(batch, state, now_ms, reason)])[0]
    if written.applied or written.before is None:
        return True
    standing = Record.of(written.before)
    if standing.state in PARKED:
        return True
    if standing.state in SETTLED | FINAL:
        vault.discard(review_key(batch.batch_id))
        return True
    return ledger.change(*record_key(batch.batch_id), *parking(now_ms, reason)).applied
