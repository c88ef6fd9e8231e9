"""Recovery: asks Genesys for the outcome of a request whose event did not come.

The answer is compared with what the record expected. If it agrees, the request is reconciled. If it
differs, a person sees both sides, or a compensating request corrects it where the destination
defines one. If the effect is there more than once, the duplicates are listed for a person, or
cancelled where the destination says so. If nothing is found or there is no answer, the caller
decides what comes next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.correlation.deps import Deps
from lambdas.relay.destinations.correlation import (
    COMPENSATION,
    Compensation,
    Confirmation,
    heard_by,
)
from lambdas.relay.destinations.truth import Expectation
from lambdas.relay.genesys.truth import NoAnswer, NotAskable
from lambdas.relay.genesys.truth import ask as ask_truth
from lambdas.relay.kernel.canonical import Json, canonical, digest, short
from lambdas.relay.kernel.limits import KEYS_ASKED_MAX, LISTED_ON_RECORD_MAX
from lambdas.relay.kernel.paths import filled
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target, describe, encode, seal
from lambdas.relay.requests.ordering import establish, missing_before
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.tracking import completing, listing, reconciling, reviewing
from lambdas.relay.review.cases import keep_record_for_review

#: a larger answer is shown only in part
SHOWN_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Agrees:
    """It took effect, as expected; `copies` when more than once."""

    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differs:
    """Genesys shows a result that is not the expected one."""

    found: Json
    key: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Genesys has no trace of it; only under an id of the request's own this `proves` that it did
    not happen."""

    proves: bool


Finding = Agrees | Differs | Absent | NoAnswer | NotAskable


def told(finding: Finding) -> Reason:
    """A finding, for histories and dead letters."""
    match finding:
        case Agrees():
            return Code.TRUTH_AGREES()
        case Differs():
            return Code.TRUTH_DIFFERS()
        case Absent():
            return Code.TRUTH_ABSENT()
        case NoAnswer(reason):
            return Code.TRUTH_UNSAID(reason)
        case NotAskable():
            return Code.NOT_ASKABLE()


def ask(tracked: Record, confirmation: Confirmation | None, deps: Deps) -> Finding:
    """The combined finding for all of the request's keys. Raises Transient."""
    truth = None if confirmation is None else confirmation.truth
    asked = tracked.keys[:KEYS_ASKED_MAX]
    expected = [Expectation(key, tracked.shows(key)) for key in asked]
    shown = ask_truth(truth, expected, tracked.batch_id, deps.genesys, deps.telemetry)
    if isinstance(shown, NoAnswer | NotAskable):
        return shown
    assert truth is not None  # it was asked
    if shown[-1].comparison == "differs":
        return Differs(shown[-1].document, shown[-1].key)
    absent = [each.key for each in shown if each.comparison == "absent"]
    if len(absent) == len(asked):
        return Absent(tracked.absence_proves)
    # If an item has both an answered and a chosen id, one of them is enough.
    if absent and (tracked.items > 1 or tracked.genesys_id not in asked):
        return Differs({"absent": absent}, absent[0])
    found = [truth.copies(each.document) for each in shown if each.comparison == "agrees"]
    return Agrees(tuple(copy for copies in found if len(copies) > 1 for copy in copies))


def settle(tracked: Record, finding: Agrees | Differs, deps: Deps) -> bool:
    """Records the finding; False if the record changed in the meantime."""
    now_ms = deps.clock.now_ms()
    if isinstance(finding, Differs):
        return _diverged(tracked, finding, deps, now_ms)
    if not set(finding.copies) <= set(tracked.duplicates):
        return list_duplicates(tracked, finding.copies, deps, now_ms)
    confirmation = deps.confirmation(tracked)
    assert confirmation is not None  # Genesys was asked by this confirmation
    applied = establish(tracked.ordering, confirmation.topics, confirmation.hears)
    guard, change = reconciling(tracked, applied.ordering, now_ms, Code.TRUTH_AGREES())
    if not deps.ledger.change(*record_key(tracked.batch_id), guard, change).applied:
        return False
    if not applied.ordering.held:
        deps.telemetry.count("Reconciled")
        deps.telemetry.note("reconciled", batch=tracked.batch_id)
        deps.vault.discard(sealed_key(tracked.batch_id))
    return True


def meet_what_was_heard(
    tracked: Record, deps: Deps, now_ms: int
) -> Literal["aligned", "reviewed", "changed"] | None:
    """Settles an accepted request whose event came before its answer; None if none did."""
    key, confirmation = record_key(tracked.batch_id), deps.confirmation(tracked)
    both = tracked.both_named(confirmation)
    if both:
        return "reviewed" if list_duplicates(tracked, both, deps, now_ms) else "changed"
    if not tracked.is_complete(confirmation):
        return None
    if not deps.ledger.change(*key, *completing(tracked, now_ms)).applied:
        return "changed"
    deps.telemetry.count("Confirmed" if tracked.heard_at_ms else "Reconciled")
    deps.vault.discard(sealed_key(tracked.batch_id))
    return "aligned"


def list_duplicates(tracked: Record, copies: tuple[str, ...], deps: Deps, now_ms: int) -> bool:
    """The request took effect more than once: a person merges the effects or cancels all but one,
    unless the destination has them cancelled. If there are more than a record can name, a person
    decides."""
    # Where Genesys was asked, it may name what it counts in another way.
    is_named = bool({tracked.conversation_id, tracked.genesys_id} & set(copies))
    heard = (tracked.conversation_id,) if is_named and tracked.conversation_id else ()
    listed = _distinct((*tracked.duplicates, *heard, *copies))
    confirmation = deps.confirmation(tracked)
    if confirmation and confirmation.cancel and len(listed) <= LISTED_ON_RECORD_MAX:
        return _cancel(tracked, listed, confirmation.cancel, deps, now_ms)
    reason = Code.DUPLICATE(", ".join(listed))
    advice = "Merge these in Genesys, or cancel all but one; then resolve it as happened."
    question = Question(reason, advice, duplicates=listed)
    return give_to_person(tracked, question, deps, now_ms, locked=True)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """In order; Genesys' ids are case-insensitive."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return tuple(found.values())


def give_up_holding(tracked: Record, deps: Deps, now_ms: int) -> bool:
    """The hold is over: a person sees which event came too early, and which never came."""
    oldest = min(tracked.ordering.held, key=lambda ordered_event: ordered_event.heard_at_ms)
    hears = heard_by(deps.confirmation(tracked))
    missing = ", ".join(missing_before(tracked.ordering, oldest, hears)) or "nothing"
    question = Question(
        Code.HELD_IN_VAIN(oldest.detail_type, missing),
        "Look the conversation up in Genesys; if it is correct there, resolve it as happened.",
    )
    given = give_to_person(tracked, question, deps, now_ms, locked=False)
    if given:
        deps.telemetry.count("HoldsExpired")
    return given


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide about a request."""

    reason: Reason
    advice: str
    #: the conversations in which it took effect more than once
    duplicates: Sequence[str] = ()
    #: what Genesys shows, where that is not what was expected
    found: Json = None


def give_to_person(
    tracked: Record, question: Question, deps: Deps, now_ms: int, *, locked: bool
) -> bool:
    """Stores the document, then changes the record; False if the record changed in the meantime."""
    expected = {row.key: dict(row.shows) for row in tracked.expected}
    reason, found = question.reason, canonical(question.found)
    sides = {
        "expected": expected,
        "found": question.found if len(found) <= SHOWN_MAX else found[:SHOWN_MAX],
    }
    keep_record_for_review(tracked.batch_id, reason, question.advice, deps.vault, now_ms, **sides)
    more = {"duplicates": list(question.duplicates)} if question.duplicates else {}
    guard, change = reviewing(tracked, now_ms, reason, locked=locked, **more)
    if not deps.ledger.change(*record_key(tracked.batch_id), guard, change).applied:
        return False
    deps.telemetry.count("DuplicatesFound" if question.duplicates else "Parked")
    deps.telemetry.note("given to a person", batch=tracked.batch_id, reason=reason)
    return True


def _diverged(tracked: Record, finding: Differs, deps: Deps, now_ms: int) -> bool:
    deps.telemetry.count("Diverged")
    confirmation = deps.confirmation(tracked)
    if confirmation is not None and confirmation.compensation is not None:
        return _compensate(tracked, finding, confirmation.compensation, deps, now_ms)
    question = Question(
        Code.TRUTH_DIFFERS(),
        "Compare what was expected with what was found and correct it in Genesys; then resolve it.",
        found=finding.found,
    )
    return give_to_person(tracked, question, deps, now_ms, locked=True)


def _cancel(
    tracked: Record, listed: tuple[str, ...], cancel: Compensation, deps: Deps, now_ms: int
) -> bool:
    """Keeps the first, whose events were heard, and ends the others. Their requests are sent first,
    as with any compensation; the record's state stays as it was."""
    stays, *others = listed
    made = [
        compensating(tracked, key, cancel, f"cancel {key}")
        for key in others
        if key not in tracked.duplicates
    ]
    for batch in made:
        deps.ledger.insert([sealed_item(batch, now_ms)])
    deps.writes.send([Outgoing(encode(batch), describe(batch)) for batch in made])
    note = Code.CANCELLED(stays, ", ".join(batch.batch_id for batch in made))
    guard, change = listing(tracked, now_ms, note, duplicates=listed)
    if not deps.ledger.change(*record_key(tracked.batch_id), guard, change).applied:
        return False
    deps.telemetry.count("DuplicatesFound")
    deps.telemetry.count("DuplicatesCancelled", len(made))
    deps.telemetry.note("duplicates cancelled", batch=tracked.batch_id, reason=note)
    return True


def compensating(
    tracked: Record, key: str, compensation: Compensation, what: str = "compensation"
) -> Batch:
    """The compensating request: a sealed batch with an id derived from the first one's and from its
    purpose, so that a repeated decision makes no second one."""
    item = canonical(compensation.body)
    path = filled(compensation.path, {"key": key})
    event = SealedEvent(
        identity=short(digest(what, tracked.batch_id), 26),
        payload_hash=short(digest(item), 13),
        conversation_id="",
        envelope_id="",
        topic=COMPENSATION,
        correlation_id=tracked.batch_id,
        accepted_at_ms=tracked.accepted_at_ms or tracked.sealed_at_ms,
        into="",
        item=item,
    )
    target = Target(
        tracked.destination, compensation.method, path, "single", formerly=tracked.formerly
    )
    nonce = f"{tracked.batch_id}.{what}"
    (batch,) = seal(
        target, [event], now_ms=tracked.sealed_at_ms, nonce=nonce, most_events=1,
        most_bytes=len(item) + 100,
    )  # fmt: skip
    return batch


def _compensate(
    tracked: Record, finding: Differs, compensation: Compensation, deps: Deps, now_ms: int
) -> bool:
    """In this order: the new record, its message, the end of the first record."""
    batch = compensating(tracked, finding.key, compensation)
    deps.ledger.insert([sealed_item(batch, now_ms)])
    deps.writes.send([Outgoing(encode(batch), describe(batch))])
    guard, change = reconciling(
        tracked,
        establish(tracked.ordering, (), lambda _: False).ordering,
        now_ms,
        Code.COMPENSATED(batch.batch_id),
        compensated_by=batch.batch_id,
    )
    if not deps.ledger.change(*record_key(tracked.batch_id), guard, change).applied:
        return False
    deps.telemetry.count("Compensated")
    return True
