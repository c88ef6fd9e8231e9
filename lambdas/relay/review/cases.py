"""Manual review: stores cases that only a person can decide, with everything needed for it.

The document goes to the vault before the record says so, and before the message is acked: a
crash between leaves a stray document, never a record without one.
"""

from lambdas.relay.kernel.canonical import Json, canonical, read_json
from lambdas.relay.kernel.limits import RESTORABLE_S
from lambdas.relay.kernel.ports import Item, Ledger, Vault
from lambdas.relay.kernel.reasons import Code, Reason, read_reason
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.messages.sealing import Batch, decode, encode
from lambdas.relay.requests.damage import LONG_AGO_MS, LOST, repairing
from lambdas.relay.requests.record import Record, batch_id_of, record_key
from lambdas.relay.requests.sending import parked_item, parking
from lambdas.relay.requests.states import FINAL, PARKED, REVIEW, SETTLED, STATES, State

#: what a person is told about a request that nobody can say the state of
ADVICE = "Look in Genesys whether it took effect; then resolve it as happened, or as again."
#: how much of an unreadable answer is stored for a person
ANSWER_KEPT_CHARS_MAX = 20_000
#: what a document is called in a sentence about it
DOCUMENT = "the review document"
ADVICE_UNCLEAR = (
    "Genesys accepted the request. See in its answer which items failed and look for them in "
    "Genesys; resolve it as happened once none is missing there."
)


def keep_for_review(
    batch: Batch, reason: Reason, vault: Vault, now_ms: int, advice: str = "", answer: str = ""
) -> None:
    """Stores the batch with its reason, advice if there is any, and the answer if the case is about
    that."""
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
    the request itself if the vault has it."""
    document = {"reason": str(reason), "advice": advice, "at_ms": now_ms, **sides}
    message = vault.fetch(sealed_key(batch_id))
    vault.keep(review_key(batch_id), canonical({**document, "message": message}))


def open_case(batch_id: str, reason: Reason, vault: Vault, now_ms: int) -> None:
    """The same for a record that nothing can be decided on; a case that was stored before stays as
    it is."""
    if vault.fetch(review_key(batch_id)) is None:
        keep_record_for_review(batch_id, reason, ADVICE, vault, now_ms)


def repair(item: Item, ledger: Ledger, vault: Vault, now_ms: int) -> Reason | None:
    """Repairs a record in the ledger; returns what was damaged, None if nothing was. If its state
    is lost, a person gets it, with its payload: else it would be on nobody's list."""
    mended = repairing(item, STATES, REVIEW, now_ms)
    if mended is None:
        return None
    guard, change = mended
    why = Code.RECORD_DAMAGED(", ".join(sorted(change.put.keys() | change.drop)))
    if change.put.get("state") == LOST:
        open_case(batch_id_of(item["pk"]), why, vault, now_ms)
    ledger.change(item["pk"], item["sk"], guard, change)
    return why


def complete(batch: Batch, state: State | None, vault: Vault) -> None:
    """Adds a message that turned up to a case that was stored without it, or whose document
    somebody deleted."""
    if state not in PARKED:
        return
    key = review_key(batch.batch_id)
    text = vault.fetch(key)
    if text is None:
        keep_for_review(batch, Code.RECORD_DAMAGED("state"), vault, batch.sealed_at_ms)
    elif (case := read_json(text, DOCUMENT)).get("message") is None:
        vault.keep(key, canonical({**case, "message": encode(batch)}))


def relisted(text: str, now_ms: int) -> Item | None:
    """The record of a case from its document, for a restored ledger that lacks the record: else
    nobody would be told of it any more. None if the document does not contain the request, or is
    older than a ledger that can be restored: then its record is missing for another reason. It is
    in doubt, since its attempts are forgotten with the record. Raises Malformed."""
    case = read_json(text, DOCUMENT)
    message, since_ms = case.get("message"), case["at_ms"]
    if message is None or now_ms - since_ms > RESTORABLE_S * 1000:
        return None
    why = read_reason(case["reason"])
    item = parked_item(decode(message), "MANUAL_REVIEW", since_ms, why)
    return {**item, "doubt_since_ms": LONG_AGO_MS}


def park_unrecorded(batch_id: str, *, ledger: Ledger, vault: Vault, now_ms: int) -> bool:
    """Gives a request to a person whose record is missing although it is not done, since its
    payload is still kept. False if it is not: the request is done, and its record has expired."""
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
    """Parks a batch without a lease; False while there is one. A batch that was settled in the
    meantime stays as it is, and so does the document of an existing case, unless it lacks the
    message: a message that is sent again weeks later may contain events that never belonged to this
    request. A decision that is not carried out yet still needs the document."""
    before = ledger.find([record_key(batch.batch_id)])[0]
    if before is not None:
        repair(before, ledger, vault, now_ms)
        known = Record.of(before)
        if known.state in PARKED:
            complete(batch, known.state, vault)
        if known.state in PARKED or _is_being_resolved(known):
            return True
    keep_for_review(batch, reason, vault, now_ms, advice)
    written = ledger.insert([parked_item(batch, state, now_ms, reason)])[0]
    if written.applied or written.before is None:
        return True
    standing = Record.of(written.before)
    if standing.state in PARKED or _is_being_resolved(standing):
        return True  # parked at this moment, with its content, or decided on
    if standing.state in SETTLED | FINAL:
        vault.discard(review_key(batch.batch_id))
        return True
    return ledger.change(*record_key(batch.batch_id), *parking(now_ms, reason)).applied


def _is_being_resolved(record: Record) -> bool:
    """Whether somebody has decided to deliver it again, and the new request is not sent yet."""
    return bool(record.resolved_by and record.attention)
