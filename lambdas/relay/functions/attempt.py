"""One attempt: under its lease, what is known first, one request, and what its answer comes to.

Every path that does not end on record leaves the message in its queue (R8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.relay.correlation import recovery
from lambdas.relay.correlation.asking import Asking
from lambdas.relay.correlation.checks import timer
from lambdas.relay.correlation.entries import entries
from lambdas.relay.destinations.correlation import Confirmation, confirmation_of
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.destination import advice as advice_on
from lambdas.relay.functions.leasing import until_s
from lambdas.relay.functions.parts import carry_on, on_record, part
from lambdas.relay.genesys.admission import Admission
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.outcomes import (
    METRIC_OF,
    Accepted,
    Deferred,
    Outcome,
    Refused,
    Unclear,
    Unsure,
)
from lambdas.relay.genesys.unknown_outcome import Verdict, after_refusal, before_posting
from lambdas.relay.kernel.backoff import backoff_s, retry_delay_s
from lambdas.relay.kernel.limits import ATTEMPTS_MAX, CONFLICT_MAX_S, SPLIT_DEPTH_MAX, Timing
from lambdas.relay.kernel.ports import Ledger, Queue
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Consumer, Disposition, Done, Later
from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import (
    Opened,
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


@dataclass(frozen=True, slots=True)
class Deps:
    consumer: Consumer
    ledger: Ledger
    writes: Queue
    checks: Queue
    genesys: Genesys
    #: by who takes a destination's requests
    clients: Clients
    admission: Admission
    destinations: Mapping[str, Destination]
    timing: Timing

    @property
    def to_recover(self) -> recovery.Deps:
        consumer = self.consumer
        return recovery.Deps(
            self.ledger,
            consumer.vault,
            self.writes,
            self.genesys,
            self.destinations,
            consumer.clock,
            consumer.telemetry,
        )


def request_ms(timing: Timing) -> int:
    """The most that an attempt takes."""
    return int((timing.request_s * 4 + timing.deadline_margin_s) * 1000)


@dataclass(slots=True)
class Attempt:
    """One attempt under its lease."""

    batch: Batch
    destination: Destination
    lease: Opened
    deps: Deps
    deadline_ms: int

    def make(self) -> Disposition:
        now_ms = self.deps.consumer.clock.now_ms()
        doubtful = self.lease.doubt_since_ms is not None
        if doubtful and self.lease.failures > ATTEMPTS_MAX:
            return self._ask_a_person(Code.ATTEMPTS_EXHAUSTED(self.lease.failures))
        step = before_posting(self.lease.doubt_since_ms, self.destination, now_ms)
        confirmation = confirmation_of(self.batch, self.destination.confirmation)
        if confirmation is not None and self.lease.is_shown(confirmation, self.batch.depth):
            if len(self.batch.events) == 1 or self.destination.takes_whole:
                note = Code.HEARD_UNANSWERED()
                return self._await_event(confirmation, note, genesys_id="", context_id="")
            if step == "repost":
                step = "ask"  # it took effect, at least in part: sending it again would double that
        match step:
            case "read back":
                taken = self.deps.genesys.taken(self.batch, self.destination)
                if taken is None:
                    return Later(Code.TRUTH_UNKNOWN(), None)
                if taken:
                    return self._reconcile(taken)
                doubtful = not self.destination.absence_proves
                if doubtful and self.destination.unknown == "manual":
                    return self._ask_a_person(Code.MAY_HAVE_TAKEN_EFFECT())
                if not self._list_repost():
                    return Later(Code.LEASE_LOST())
            case "repost":
                if not self._list_repost():
                    return Later(Code.LEASE_LOST())
            case "ask":
                return self._ask_a_person(Code.MAY_HAVE_TAKEN_EFFECT())
            case "post":
                pass
        if self.deps.consumer.clock.now_ms() > self.deadline_ms - request_ms(self.deps.timing):
            # Asking took too long; a POST must end within the lease's invocation.
            return self._release(Deferred(Code.TOO_LITTLE_TIME(), 0, None, False))
        asking: Asking | None = None
        if confirmation is not None and confirmation.is_answered:
            asking = Asking(self.deps.ledger, self.deps.consumer.entropy, self.destination.name)
            until_ms = self.deadline_ms + int(self.deps.timing.clock_skew_s * 1000)
            asking.enter(self.batch.batch_id, until_ms, self.deps.consumer.clock.now_ms())
        client = self.deps.clients[self.destination.service]
        posted = client.post(self.batch, self.destination)
        self.deps.consumer.telemetry.count(METRIC_OF[type(posted.outcome)])
        disposition = self._conclude(posted.outcome, doubtful)
        if asking is not None and not isinstance(posted.outcome, Unsure):
            consumer = self.deps.consumer
            asking.take_out(self.batch.batch_id, consumer.clock.now_ms(), consumer.telemetry)
        self.deps.admission.tell(self.destination, posted, self.batch, doubtful=doubtful)
        return disposition

    def _conclude(self, outcome: Outcome, doubtful: bool) -> Disposition:
        match outcome:
            case Accepted():
                return self._accepted(outcome)
            case Unclear():
                return self._unclear(outcome)
            case Refused(status=409) if not self._is_repeat(409):
                return self._conflict(outcome, doubtful)
            case Refused(status=status) if doubtful or self._is_repeat(status):
                return self._refused_in_doubt(outcome)
            case Refused(reason=reason):
                return self._split_or_reject(reason)
            case Deferred():
                return self._release(outcome)
            case Unsure(reason, answer=str(answer)) if not self._may_ask_once_more():
                return self._park("MANUAL_REVIEW", reason, answer=answer)
            case Unsure(reason, retry_after_s, answer):
                # Nothing is settled: the lease runs out, as after a crash.
                if answer is not None:
                    self._note(reason)
                wait = until_s(self._lease_until_ms(), self.deps.consumer.clock.now_ms())
                return Later(Code.OUTCOME_UNKNOWN(reason), max(wait, retry_after_s or 0))

    def _may_ask_once_more(self) -> bool:
        """Whether a 2xx that says nothing of the request may be asked for again: once, and only
        where the request may be repeated at all."""
        now_ms = self.deps.consumer.clock.now_ms()
        is_first = self.lease.unread_at_ms is None
        return is_first and before_posting(now_ms, self.destination, now_ms) != "ask"

    def _note(self, reason: Reason) -> None:
        now_ms = self.deps.consumer.clock.now_ms()
        change = noting(self.lease, now_ms, Code.OUTCOME_UNKNOWN(reason))
        self.deps.ledger.change(*record_key(self.batch.batch_id), *change)

    def _is_repeat(self, status: int) -> bool:
        return status == 409 and self.destination.key.repeat_answers_409

    def _lease_until_ms(self) -> int:
        return self.deadline_ms + int(self.deps.timing.quarantine_s * 1000)

    def _accepted(self, accepted: Accepted) -> Disposition:
        if accepted.failures:
            return self._split_by_item(accepted)
        more = {"genesys_id": accepted.genesys_id, "context_id": accepted.context_id}
        self.deps.consumer.telemetry.count("Delivered", len(self.batch.events))
        confirmation = confirmation_of(self.batch, self.destination.confirmation)
        if confirmation is None:
            return self._settle("DONE", Code.ACCEPTED(), **more)
        return self._await_event(confirmation, Code.ACCEPTED(), **more)

    def _await_event(
        self, confirmation: Confirmation, note: Reason, *, genesys_id: str, context_id: str
    ) -> Disposition:
        """The payload, the way from Genesys' id to the request, the record, the timer: a crash
        between them leaves the message, and all are repeatable."""
        deps, batch_id = self.deps, self.batch.batch_id
        now_ms = deps.consumer.clock.now_ms()
        deps.consumer.vault.keep(sealed_key(batch_id), encode(self.batch))
        self._enter(confirmation, genesys_id)
        ids = {"genesys_id": genesys_id, "context_id": context_id}
        guard, change = settling(
            self.lease, "PENDING_EVENT", now_ms, note, **ids, **awaiting(now_ms, confirmation)
        )
        written = deps.ledger.change(*record_key(batch_id), guard, change)
        if not settled(written, self.lease, "PENDING_EVENT") or written.before is None:
            return Later(Code.LEASE_LOST())
        deps.checks.send([timer("window", batch_id, confirmation.window_s)])
        # What is not done here, or changes meanwhile, the timer does.
        tracked = Record.of({**written.before, **change.put})
        recovery.meet_what_was_heard(tracked, deps.to_recover, now_ms)
        return Done()

    def _enter(self, confirmation: Confirmation | None, genesys_id: str) -> None:
        """Leads from the id that the answer gave to the request."""
        now_ms = self.deps.consumer.clock.now_ms()
        leading = entries(self.batch, confirmation, now_ms, answered=genesys_id)
        if leading:
            self.deps.ledger.insert(leading)

    def _split_by_item(self, accepted: Accepted) -> Disposition:
        again = [f.index for f in accepted.failures if f.retryable]
        refused = [f for f in accepted.failures if not f.retryable]
        self.deps.consumer.telemetry.count(
            "Delivered", len(self.batch.events) - len(accepted.failures)
        )
        if len(self.batch.events) == 1 and refused:
            return self._park("REJECTED", Code.GENESYS_SAYS(refused[0].reason))
        if again and self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.ITEMS_FAIL_AGAIN())
        reasons = {f.index: Code.GENESYS_SAYS(f.reason) for f in accepted.failures}
        parts = [part([f.index], "refused", reasons[f.index]) for f in refused]
        if again:
            later = {"delay_s": retry_delay_s(self.batch.depth)}
            parts.append({**part(again, "again", reasons[again[0]]), **later})
        return self._split(parts, Code.ACCEPTED_BUT(len(accepted.failures)))

    def _split_or_reject(self, reason: Reason) -> Disposition:
        count = len(self.batch.events)
        if count == 1:
            return self._park("REJECTED", reason)
        if self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.SPLIT_TOO_OFTEN(reason))
        half = (count + 1) // 2
        parts = [
            part(range(half), "again", reason),
            part(range(half, count), "again", reason),
        ]
        return self._split(parts, Code.REFUSED(reason))

    def _unclear(self, unclear: Unclear) -> Disposition:
        """It was accepted; asked for again, it would be answered so again. What it brings about
        is of our making all the same."""
        confirmation = confirmation_of(self.batch, self.destination.confirmation)
        self._enter(confirmation, unclear.genesys_id)
        ids = {"genesys_id": unclear.genesys_id, "context_id": unclear.context_id}
        kept = {"answer": unclear.answer, "advice": ADVICE_UNCLEAR}
        return self._park("MANUAL_REVIEW", unclear.reason, **kept, **ids)

    def _conflict(self, refused: Refused, doubtful: bool) -> Disposition:
        """409: something else was changing the same thing at that moment (Genesys' own tools
        repeat it). It passes, or a person learns of it, once and of the whole request."""
        now_ms = self.deps.consumer.clock.now_ms()
        since_ms = self.lease.conflict_since_ms or now_ms
        if now_ms - since_ms < CONFLICT_MAX_S * 1000:
            return self._release(Deferred(refused.reason, None, 409, is_fault=False), since_ms)
        if doubtful:
            return self._refused_in_doubt(refused)
        return self._ask_a_person(Code.CONFLICT_LASTS(refused.reason))

    def _refused_in_doubt(self, refused: Refused) -> Disposition:
        """R3: after an unknown outcome, a refusal is no proof that nothing happened."""
        verdict: Verdict = after_refusal(refused.status, self.destination)
        if verdict == "read back":
            taken = self.deps.genesys.taken(self.batch, self.destination)
            if taken is None:
                return Later(Code.TRUTH_UNKNOWN(), None)
            if taken:
                return self._reconcile(taken)
            verdict = "rejected" if self.destination.absence_proves else "ask"
        match verdict:
            case "applied":
                return self._settle("RECONCILED", Code.HAD_TAKEN_EFFECT(refused.reason))
            case "rejected":
                return self._split_or_reject(refused.reason)
            case _:
                return self._ask_a_person(Code.REFUSED_IN_DOUBT(refused.reason))

    def _reconcile(self, taken: frozenset[int]) -> Disposition:
        """Genesys holds these of the items; the others of an earlier attempt failed alone."""
        missing = [index for index in range(len(self.batch.events)) if index not in taken]
        if not missing:
            return self._settle("RECONCILED", Code.FOUND_TAKEN())
        if self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person(Code.ITEMS_FAIL_AGAIN())
        parts = [part(missing, "again", Code.FOUND_NOT_TAKEN())]
        return self._split(parts, Code.FOUND_PARTLY_TAKEN(len(taken)))

    def _release(self, deferred: Deferred, conflict_since_ms: int | None = None) -> Disposition:
        now_ms = self.deps.consumer.clock.now_ms()
        wait = deferred.retry_after_s
        if wait is None:
            wait = backoff_s(self.lease.deferred, self.deps.consumer.entropy.fraction())
        self.deps.ledger.change(
            *record_key(self.batch.batch_id),
            *releasing(self.lease, now_ms, deferred.reason, conflict_since_ms),
        )
        return Later(deferred.reason, wait)

    def _list_repost(self) -> bool:
        telemetry, batch = self.deps.consumer.telemetry, self.batch
        telemetry.count("InDoubtReposted")
        telemetry.note("sent again in doubt", batch=batch.batch_id, events=len(batch.events))
        written = self.deps.ledger.change(*record_key(self.batch.batch_id), *reposting(self.lease))
        return settled(written, self.lease, "OPEN")

    def _ask_a_person(self, reason: Reason) -> Disposition:
        return self._park("MANUAL_REVIEW", reason)

    def _park(
        self, state: State, reason: Reason, *, answer: str = "", advice: str = "", **more: str
    ) -> Disposition:
        now_ms, vault = self.deps.consumer.clock.now_ms(), self.deps.consumer.vault
        if state == "MANUAL_REVIEW":
            advice = advice or advice_on(self.destination)
        keep_for_review(self.batch, reason, vault, now_ms, advice, answer)
        self.deps.consumer.telemetry.count("Parked", len(self.batch.events))
        return self._settle(state, reason, **more)

    def _split(self, parts: list[dict[str, Any]], note: Reason) -> Disposition:
        done = self._settle("SPLIT", note, parts=on_record(self.batch, parts))
        if isinstance(done, Done):
            carry_on(self.batch, parts, self.deps)
        return done

    def _settle(self, state: State, note: Reason, **more: object) -> Disposition:
        now_ms = self.deps.consumer.clock.now_ms()
        guard, change = settling(self.lease, state, now_ms, note, **more)
        written = self.deps.ledger.change(*record_key(self.batch.batch_id), guard, change)
        if settled(written, self.lease, state):
            self.deps.consumer.telemetry.note("settled", batch=self.batch.batch_id, state=state)
            if state in ("DONE", "RECONCILED"):
                self.deps.consumer.vault.discard(sealed_key(self.batch.batch_id))
            return Done()
        return Later(Code.LEASE_LOST())
