"""Manual review: what only a person can decide is kept, with everything needed to decide it.

The document goes to the vault before the record says so, and before the message is acked: a
crash between leaves a stray document, never a record without one.
"""

from lambdas.relay.kernel.canonical import Json, canonical, read_json
from lambdas.relay.kernel.ports import Ledger, Vault
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.messages.sealing import Batch, decode, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import parked_item, parking
from lambdas.relay.requests.states import FINAL, PARKED, SETTLED, State

#: of an answer that nobody can read a person gets this much
ANSWER_KEPT_CHARS_MAX = 20_000
ADVICE_UNCLEAR = (
    "Genesys accepted the request. See in its answer which items failed and look for them in "
    "Genesys; resolve it as happened once none is missing there."
)


def keep_for_review(
    batch: Batch, reason: Reason, vault: Vault, now_ms: int, advice: str = "", answer: str = ""
) -> None:
    """Stores the batch with its reason, what a person can do about it where we know, and the
    answer where that is what it is about."""
    known = {"advice": advice, "answer": answer[:ANSWER_KEPT_CHARS_MAX]}
    more = {name: text for name, text in known.items() if text}
    vault.keep(
        review_key(batch.batch_id),
        canonical({"reason": str(reason), "at_ms": now_ms, "message": encode(batch), **more}),
    )


def keep_record_for_review(
    batch_id: str, reason: Reason, advice: str, vault: Vault, now_ms: int, **sides: Json
) -> None:
    """Stores why a request whose message is gone needs a person, what was expected and found, and
    the request itself where the vault has it."""
    document = {"reason": str(reason), "advice": advice, "at_ms": now_ms, **sides}
    message = vault.fetch(sealed_key(batch_id))
    vault.keep(review_key(batch_id), canonical({**document, "message": message}))


def complete(batch: Batch, state: State | None, vault: Vault) -> None:
    """A message turns up whose request is in this state. Where a person has that, and there was no
    message when the person was asked, this is it."""
    if state not in PARKED:
        return
    key = review_key(batch.batch_id)
    text = vault.fetch(key)
    case = None if text is None else read_json(text, "the review document")
    if case is not None and case.get("message") is None:
        vault.keep(key, canonical({**case, "message": encode(batch)}))


def park_unrecorded(batch_id: str, *, ledger: Ledger, vault: Vault, now_ms: int) -> bool:
    """Gives a request to a person whose record is gone although it is not done: its payload is kept
    still. False where there is none: it is done, and its record has expired."""
    message = vault.fetch(sealed_key(batch_id))
    if message is None:
        return False
    batch, gone = decode(message), Code.RECORD_GONE()
    return park(batch, "MANUAL_REVIEW", gone, ledger=ledger, vault=vault, now_ms=now_ms)


def park(
    batch: Batch,
    state: State,
    reason: Reason,
    *,
    ledger: Ledger,
    vault: Vault,
    now_ms: int,
    advice: str = "",
) -> bool:
    """Parks a batch that nobody holds; False while somebody does. A batch that has been settled
    meanwhile stays as it is, and so does the document of one that a person has already, unless it
    lacks the message: one that is sent again weeks later may hold events that were never this
    request's."""
    before = ledger.find([record_key(batch.batch_id)])[0]
    if before is not None and Record.of(before).state in PARKED:
        complete(batch, Record.of(before).state, vault)
        return True
    keep_for_review(batch, reason, vault, now_ms, advice)
    written = ledger.insert([parked_item(batch, state, now_ms, reason)])[0]
    if written.applied or written.before is None:
        return True
    standing = Record.of(written.before)
    if standing.state in PARKED:
        return True  # this very moment, with what it had
    if standing.state in SETTLED | FINAL:
        vault.discard(review_key(batch.batch_id))
        return True
    return ledger.change(*record_key(batch.batch_id), *parking(now_ms, reason)).applied
