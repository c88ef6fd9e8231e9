"""One attempt under its lease: check earlier attempts, send one request, act on its outcome.

Every path that does not end in the record leaves the message in its queue (R8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lambdas.relay.correlation import recovery
from lambdas.relay.correlation.asking import Asking
from lambdas.relay.correlation.checks import timer
from lambdas.relay.correlation.deps import Deps as CommonDeps
from lambdas.relay.correlation.entries import entries
from lambdas.relay.correlation.last_look import LastLook
from lambdas.relay.destinations.correlation import Confirmation, expectation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.destination import advice as advice_on
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.functions.leasing import until_s
from lambdas.relay.functions.parts import by_item, carry_on, halves, on_record, part
from lambdas.relay.genesys.admission import Admission
from lambdas.relay.genesys.outcomes import (
    METRIC_OF,
    Accepted,
    Deferred,
    Outcome,
    Refused,
    Unclear,
    Unsure,
)
from lambdas.relay.genesys.truth import NoAnswer, NotAskable, ask
from lambdas.relay.genesys.unknown_outcome import Step, after_absence, after_refusal, before_posting
from lambdas.relay.kernel.backoff import backoff_s
from lambdas.relay.kernel.limits import ATTEMPTS_MAX, CONFLICT_MAX_S, SPLIT_DEPTH_MAX, Timing
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Consumer, Disposition, Done, Later
from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import (
    Opened,
    is_shown,
    noting,
    releasing,
    reposting,
    settled,
    settling,
)
from lambdas.relay.requests.states import State
from lambdas.relay.requests.tracking import awaiting
from lambdas.relay.review.cases import ADVICE_UNCLEAR, keep_for_review
from lambdas.relay.sinks.client import Clients


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps(CommonDeps):
    consumer: Consumer
    #: by the service behind a destination
    clients: Clients
    admission: Admission


def request_ms(timing: Timing) -> int:
    """The longest time that an attempt takes."""
    return int((timing.request_s * 4 + timing.deadline_margin_s) * 1000)


@dataclass(slots=True)
class Attempt:
    """One attempt under its lease."""

    batch: Batch
    destination: Destination
    lease: Opened
    deps: Deps
    deadline_ms: int
    #: an earlier attempt may have taken effect
    is_doubtful: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_doubtful = self.lease.doubt_since_ms is not None

    def make(self) -> Disposition:
        ended = self._look_back()
        if ended is not None:
            return ended
        if self.deps.clock.now_ms() > self.deadline_ms - request_ms(self.deps.timing):
            # The query took too long; a POST must end within the lease's invocation.
            return self._release(Deferred(Code.TOO_LITTLE_TIME(), 0, None, False))
        doubtful, asking, awaited = self.is_doubtful, self._enter_asking(), self.destination.awaited
        if awaited is not None and not awaited.lasts:
            self._enter()
        posted = self.deps.clients[self.destination.service].post(self.batch, self.destination)
        self.deps.telemetry.count(METRIC_OF[type(posted.outcome)])
        disposition = self.conclude(posted.outcome)
        if asking is not None and not isinstance(posted.outcome, Unsure):
            asking.take_out(self.batch.batch_id, self.deps.clock.now_ms(), self.deps.telemetry)
        self.deps.admission.tell(self.destination, posted, self.batch, doubtful=doubtful)
        return disposition

    def _look_back(self) -> Disposition | None:
        """What earlier attempts require first; None: the request may be sent."""
        since_ms = self.lease.doubt_since_ms
        if self.is_doubtful and self.lease.failures > ATTEMPTS_MAX:
            return self._ask_a_person(Code.ATTEMPTS_EXHAUSTED(self.lease.failures))
        step = before_posting(since_ms, self.destination, self.deps.clock.now_ms())
        awaited = self.destination.awaited
        if awaited is not None and is_shown(self.lease, awaited, self.batch.depth):
            if len(self.batch.events) == 1 or self.destination.takes_whole:
                return self._await_event(awaited, Code.HEARD_UNANSWERED())
            # It took effect, at least in part: sending it again would duplicate that.
            step = "ask a person" if step == "repost" else step
        if step == "ask Genesys":
            ended = self._ask_genesys()
            if ended is not None:
                return ended
            step = after_absence(self.destination)
        if step == "ask a person":
            return self._ask_a_person(Code.MAY_HAVE_TAKEN_EFFECT())
        if step == "repost" and not self.list_repost():
            return Later(Code.LEASE_LOST())
        return None

    def _ask_genesys(self) -> Disposition | None:
        """Whether an earlier attempt took effect; None: Genesys has no trace of it."""
        confirmation = self.destination.confirmation
        assert confirmation is not None  # the destination is asked first
        expected = [expectation(event, confirmation) for event in self.batch.events]
        deps, batch_id = self.deps, self.batch.batch_id
        shown = ask(confirmation.truth, expected, batch_id, deps.genesys, deps.telemetry)
        if isinstance(shown, NoAnswer | NotAskable) or shown[-1].comparison == "differs":
            return Later(Code.TRUTH_UNKNOWN(), None)
        missing = [n for n, each in enumerate(shown) if each.comparison == "absent"]
        if len(missing) < len(shown):
            return self._reconcile(missing)
        self.is_doubtful = not self.destination.absence_proves
        return None

    def _enter_asking(self) -> Asking | None:
        """Marks the answer as outstanding if only it decides which events the request caused; those
        wait for it."""
        awaited, deps = self.destination.awaited, self.deps
        if awaited is None or not awaited.is_answered:
            return None
        asking = Asking(deps.ledger, deps.entropy, self.destination.names)
        until_ms = self.deadline_ms + int(deps.timing.clock_skew_s * 1000)
        asking.enter(self.batch.batch_id, until_ms, deps.clock.now_ms())
        return asking

    def conclude(self, outcome: Outcome) -> Disposition:
        match outcome:
            case Accepted():
                return self._accepted(outcome)
            case Unclear():
                return self._unclear(outcome)
            case Refused(status=409) if not self._is_repeat(409):
                return self._conflict(outcome)
            case Refused(status=status) if self.is_doubtful or self._is_repeat(status):
                return self._refused_in_doubt(outcome)
            case Refused(reason=reason):
                return self.split_or_reject(reason)
            case Deferred():
                return self._release(outcome)
            case Unsure():
                return self._unsure(outcome)

    def _unsure(self, unsure: Unsure) -> Disposition:
        """Settles nothing, so that the lease expires as after a crash."""
        if unsure.answer is not None and not self._is_everybodys():
            if self.lease.unread_at_ms is not None or self._next_step() == "ask a person":
                return self._park("MANUAL_REVIEW", unsure.reason, answer=unsure.answer)
            self._note(unsure.reason)
        wait = until_s(self._lease_until_ms(), self.deps.clock.now_ms())
        return Later(Code.OUTCOME_UNKNOWN(unsure.reason), max(wait, unsure.retry_after_s or 0))

    def _is_everybodys(self) -> bool:
        """Whether an unreadable answer is one that all requests get at present, and a repetition
        does no harm. Otherwise the request is repeated only once, if at all."""
        return self._next_step() == "post" and self.deps.admission.is_down(self.destination)

    def _next_step(self) -> Step:
        now_ms = self.deps.clock.now_ms()
        return before_posting(now_ms, self.destination, now_ms)

    def _note(self, reason: Reason) -> None:
        now_ms = self.deps.clock.now_ms()
        change = noting(self.lease, now_ms, Code.OUTCOME_UNKNOWN(reason))
        self.deps.ledger.change(*record_key(self.batch.batch_id), *change)

    def _is_repeat(self, status: int) -> bool:
        return status == 409 and self.destination.key.repeat_answers_409

    def _lease_until_ms(self) -> int:
        return self.deadline_ms + int(self.deps.timing.quarantine_s * 1000)

    def _accepted(self, accepted: Accepted) -> Disposition:
        failures = accepted.failures
        if self.is_doubtful:
            failures = self._last_look.unproven(failures)
        if failures:
            return self._split_by_item(failures)
        self.deps.telemetry.count("Delivered", len(self.batch.events))
        ids = {"genesys_id": accepted.genesys_id, "context_id": accepted.context_id}
        awaited = self.destination.awaited
        if awaited is None:
            return self.settle("DONE", Code.ACCEPTED(), **ids)
        return self._await_event(awaited, Code.ACCEPTED(), **ids)

    def _await_event(
        self, awaited: Confirmation, note: Reason, *, genesys_id: str = "", context_id: str = ""
    ) -> Disposition:
        """Stores the payload, the entry for Genesys' id, the record and the timer, in this order:
        after a crash in between the message is still there, and every step is repeatable."""
        deps, batch_id, now_ms = self.deps, self.batch.batch_id, self.deps.clock.now_ms()
        deps.vault.keep(sealed_key(batch_id), encode(self.batch))
        if genesys_id or awaited.lasts:
            self._enter(genesys_id)
        ids = {"genesys_id": genesys_id, "context_id": context_id}
        # What was heard before is not sent again, so this attempt has doubled nothing.
        unsent = {"deferred": self.lease.deferred + 1} if note == Code.HEARD_UNANSWERED() else {}
        guard, change = settling(
            self.lease, "PENDING_EVENT", now_ms, note, **ids, **unsent, **awaiting(now_ms, awaited)
        )
        written = deps.ledger.change(*record_key(batch_id), guard, change)
        if not settled(written, self.lease, "PENDING_EVENT") or written.before is None:
            return Later(Code.LEASE_LOST())
        deps.checks.send([timer("window", batch_id, awaited.window_s)])
        # If this is not done here, or the record changes in the meantime, the timer does it.
        tracked = Record.of({**written.before, **change.put})
        recovery.meet_what_was_heard(tracked, deps, now_ms)
        return Done()

    def _enter(self, genesys_id: str = "") -> None:
        """Writes the entries from the keys that the relay chose, or from the id in the answer, to
        the request."""
        at_ms, awaited = self.lease.opened_at_ms, self.destination.awaited
        leading = entries(self.batch, awaited, at_ms, sent_at_ms=at_ms, answered=genesys_id)
        if leading:
            self.deps.ledger.insert(leading)

    @property
    def _last_look(self) -> LastLook:
        until_ms = self.deadline_ms - request_ms(self.deps.timing)
        return LastLook(self.batch, self.destination, self.deps, until_ms)

    def _split_by_item(self, failures: Sequence[ItemFailure]) -> Disposition:
        refused = [failure for failure in failures if not failure.retryable]
        self.deps.telemetry.count("Delivered", len(self.batch.events) - len(failures))
        if len(self.batch.events) == 1 and refused:
            return self._park("REJECTED", Code.GENESYS_SAYS(refused[0].reason))
        if len(refused) < len(failures) and self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.ITEMS_FAIL_AGAIN())
        return self.split(by_item(failures, self.batch.depth), Code.ACCEPTED_BUT(len(failures)))

    def split_or_reject(self, reason: Reason) -> Disposition:
        if len(self.batch.events) == 1:
            return self._park("REJECTED", reason)
        if self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.SPLIT_TOO_OFTEN(reason))
        return self.split(halves(len(self.batch.events), reason), Code.REFUSED(reason))

    def _unclear(self, unclear: Unclear) -> Disposition:
        """It was accepted, and a repetition would get the same answer. The events it causes are
        echoes all the same."""
        self._enter(unclear.genesys_id)
        ids = {"genesys_id": unclear.genesys_id, "context_id": unclear.context_id}
        kept = {"answer": unclear.answer, "advice": ADVICE_UNCLEAR}
        return self._park("MANUAL_REVIEW", unclear.reason, **kept, **ids)

    def _conflict(self, refused: Refused) -> Disposition:
        """409: something else was changing the same resource at that time (Genesys' own tools
        repeat the request). It usually passes; otherwise a person decides, once for the whole
        request."""
        now_ms = self.deps.clock.now_ms()
        since_ms = self.lease.conflict_since_ms or now_ms
        if now_ms - since_ms < CONFLICT_MAX_S * 1000:
            deferred = Deferred(refused.reason, refused.retry_after_s, 409, is_fault=False)
            return self._release(deferred, since_ms)
        if self.is_doubtful and self.destination.asks_first:
            ended = self._ask_genesys()
            if ended is not None:
                return ended
        return self._ask_a_person(Code.CONFLICT_LASTS(refused.reason))

    def _refused_in_doubt(self, refused: Refused) -> Disposition:
        """R3: after an unknown outcome, a refusal is no proof that nothing happened."""
        is_there = self._last_look.is_there()
        verdict = "applied" if is_there else after_refusal(refused.status, self.destination)
        if verdict == "ask Genesys":
            ended = self._ask_genesys()
            if ended is not None:
                return ended
            verdict = "ask a person" if self.is_doubtful else "rejected"
        if verdict == "applied":
            return self.settle("RECONCILED", Code.HAD_TAKEN_EFFECT(refused.reason))
        if verdict == "rejected":
            return self.split_or_reject(refused.reason)
        return self._ask_a_person(Code.REFUSED_IN_DOUBT(refused.reason))

    def _reconcile(self, missing: Sequence[int]) -> Disposition:
        """An earlier attempt took effect for all items except these."""
        if not missing:
            return self.settle("RECONCILED", Code.FOUND_TAKEN())
        if self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.ITEMS_FAIL_AGAIN())
        parts = [part(missing, "again", Code.FOUND_NOT_TAKEN())]
        return self.split(parts, Code.FOUND_PARTLY_TAKEN(len(self.batch.events) - len(missing)))

    def _release(self, deferred: Deferred, conflict_since_ms: int | None = None) -> Disposition:
        now_ms = self.deps.clock.now_ms()
        wait = deferred.retry_after_s
        if wait is None or deferred.status is not None:
            # Each answer may be about this request alone, and then no breaker slows it down.
            wait = max(wait or 0, backoff_s(self.lease.deferred, self.deps.entropy.fraction()))
        self.deps.ledger.change(
            *record_key(self.batch.batch_id),
            *releasing(self.lease, now_ms, deferred.reason, conflict_since_ms),
        )
        return Later(deferred.reason, wait)

    def list_repost(self) -> bool:
        telemetry, batch = self.deps.telemetry, self.batch
        telemetry.count("InDoubtReposted")
        telemetry.note("sent again in doubt", batch=batch.batch_id, events=len(batch.events))
        written = self.deps.ledger.change(*record_key(self.batch.batch_id), *reposting(self.lease))
        return settled(written, self.lease, "OPEN")

    def _ask_a_person(self, reason: Reason) -> Disposition:
        return self._park("MANUAL_REVIEW", reason)

    def _park(
        self, state: State, reason: Reason, *, answer: str = "", advice: str = "", **more: str
    ) -> Disposition:
        if state == "MANUAL_REVIEW" and self._last_look.is_there():
            return self.settle("RECONCILED", Code.FOUND_TAKEN(), **more)
        now_ms, vault = self.deps.clock.now_ms(), self.deps.vault
        if state == "MANUAL_REVIEW":
            advice = advice or advice_on(self.destination)
        keep_for_review(self.batch, reason, vault, now_ms, advice, answer)
        self.deps.telemetry.count("Parked", len(self.batch.events))
        return self.settle(state, reason, **more)

    def split(self, parts: list[dict[str, Any]], note: Reason) -> Disposition:
        done = self.settle("SPLIT", note, parts=on_record(self.batch, parts))
        if isinstance(done, Done):
            carry_on(self.batch, parts, self.deps)
        return done

    def settle(self, state: State, note: Reason, **more: object) -> Disposition:
        now_ms = self.deps.clock.now_ms()
        guard, change = settling(self.lease, state, now_ms, note, **more)
        written = self.deps.ledger.change(*record_key(self.batch.batch_id), guard, change)
        if settled(written, self.lease, state):
            self.deps.telemetry.note("settled", batch=self.batch.batch_id, state=state)
            if state in ("DONE", "RECONCILED"):
                self.deps.vault.discard(sealed_key(self.batch.batch_id))
            return Done()
        return Later(Code.LEASE_LOST())
