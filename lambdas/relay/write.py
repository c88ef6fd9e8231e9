"""write: one sealed message, one request to Genesys.

    take a slot ─▶ open (lease) ─▶ doubt? ─▶ POST ─▶ settle ─▶ ack

Every path that does not end on record leaves the message in its queue (R8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.backoff import backoff_s
from lambdas.relay.confirm import window
from lambdas.relay.deliveries import Disposition, Done, Later, Post
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.doubt import Verdict, after_refusal, before_posting
from lambdas.relay.errors import Transient
from lambdas.relay.genesys import Genesys
from lambdas.relay.limits import ATTEMPTS_MAX, SLEEP_MAX_S, SPLIT_DEPTH_MAX, Timing
from lambdas.relay.metrics import Metric
from lambdas.relay.outcomes import Accepted, Deferred, Outcome, Refused, Unsure
from lambdas.relay.pacing import Pace
from lambdas.relay.ports import Delivery, Ledger, Outgoing, Queue
from lambdas.relay.requests import (
    PARKED,
    SETTLED,
    Opened,
    Record,
    State,
    opened,
    opening,
    record_key,
    releasing,
    reposting,
    sealed_item,
    settled,
    settling,
)
from lambdas.relay.review import keep_for_review, park
from lambdas.relay.sealing import Batch, decode, describe, encode


@dataclass(frozen=True, slots=True)
class Needs:
    post: Post
    ledger: Ledger
    writes: Queue
    checks: Queue
    genesys: Genesys
    pace: Pace
    destinations: Mapping[str, Destination]
    timing: Timing


def write(delivery: Delivery, needs: Needs, deadline_ms: int) -> Disposition:
    """Does what is due for one write message. `deadline_ms` is the invocation's end."""
    batch = decode(delivery.body)
    destination = needs.destinations.get(batch.target.destination)
    if destination is None:
        raise Transient(f"the configuration names no destination {batch.target.destination}")
    clock = needs.post.clock
    wait = _slot(needs, deadline_ms)
    if wait:
        return Later("no slot at Genesys' rate limit", wait)
    now_ms = clock.now_ms()
    if now_ms > deadline_ms - _request_ms(needs.timing):
        needs.pace.give_back()
        return Later("too little of the invocation is left", 0)
    lease = open_request(batch, needs, now_ms, deadline_ms)
    if not isinstance(lease, Opened):
        needs.pace.give_back()
        return lease
    return _Attempt(batch, destination, lease, needs, deadline_ms).make()


def _request_ms(timing: Timing) -> int:
    return int((timing.request_s * 4 + timing.deadline_margin_s) * 1000)


def _slot(needs: Needs, deadline_ms: int) -> float:
    """0 with a slot taken, else the seconds to stay away; short waits are slept here."""
    clock = needs.post.clock
    wait = needs.pace.take(clock.now_ms())
    latest_ms = deadline_ms - _request_ms(needs.timing)
    while 0 < wait <= SLEEP_MAX_S and clock.now_ms() + wait * 1000 < latest_ms:
        clock.sleep(wait)
        wait = needs.pace.take(clock.now_ms())
    return wait


def open_request(batch: Batch, needs: Needs, now_ms: int, deadline_ms: int) -> Opened | Disposition:
    """Takes the lease, or says what there is to do instead."""
    lease_until_ms = deadline_ms + int(needs.timing.quarantine_s * 1000)
    holder = needs.post.chance.token()
    written = needs.ledger.change(
        *record_key(batch.batch_id), *opening(now_ms, lease_until_ms, holder)
    )
    lease = opened(written, batch.batch_id, holder, now_ms)
    if lease is not None:
        return lease
    if written.before is None or Record.of(written.before).has_expired(now_ms):
        # R5: every write message had a record. Without one it was final so long ago that it
        # expired, or the table was restored: absence proves nothing.
        reason = "its record is gone: nobody can tell any more whether it was delivered"
        park(
            batch,
            "MANUAL_REVIEW",
            reason,
            ledger=needs.ledger,
            vault=needs.post.vault,
            now_ms=now_ms,
        )
        return Done()
    standing = Record.of(written.before)
    if standing.state == "SPLIT":
        send_parts(batch, standing.parts, needs)
        return Done()
    if standing.state in SETTLED | PARKED:
        return Done()
    return Later("another attempt holds the lease", _until(standing.lease_until_ms, now_ms))


def _until(moment_ms: int, now_ms: int) -> float:
    return max(1.0, (moment_ms - now_ms) / 1000 + 0.5)


def send_parts(batch: Batch, parts: Sequence[Mapping[str, Any]], needs: Needs) -> None:
    """Sends the children of a split on their way: to work again, or to a person. Idempotent, and
    a function of what is on record, so that a crash half way is repaired by repeating it."""
    now_ms = needs.post.clock.now_ms()
    for part in parts:
        child = batch.part([int(index) for index in part["indices"]])
        if part["fate"] == "again":
            needs.ledger.insert([sealed_item(child, now_ms)])
            needs.writes.send(
                [Outgoing(encode(child), {**describe(child), "reason": str(part["reason"])})]
            )
        else:
            park(
                child,
                "REJECTED",
                str(part["reason"]),
                ledger=needs.ledger,
                vault=needs.post.vault,
                now_ms=now_ms,
            )


METRIC_OF: Mapping[type[Outcome], Metric] = {
    Accepted: "RequestsAccepted",
    Refused: "RequestsRefused",
    Deferred: "RequestsDeferred",
    Unsure: "RequestsUnsure",
}


@dataclass(slots=True)
class _Attempt:
    """One attempt under its lease."""

    batch: Batch
    destination: Destination
    lease: Opened
    needs: Needs
    deadline_ms: int

    def make(self) -> Disposition:
        now_ms = self.needs.post.clock.now_ms()
        doubtful = self.lease.doubt_since_ms is not None
        if doubtful and self.lease.failures > ATTEMPTS_MAX:
            return self._ask_a_person(f"{self.lease.failures} attempts with an unknown outcome")
        match before_posting(self.lease.doubt_since_ms, self.destination, now_ms):
            case "read back":
                taken = self.needs.genesys.taken(self.batch, self.destination)
                if taken is None:
                    return Later("in doubt, and Genesys did not say what happened", None)
                if taken:
                    return self._reconcile(taken)
                doubtful = False
                if not self._list_repost():
                    return Later("the lease was lost")
            case "repost":
                if not self._list_repost():
                    return Later("the lease was lost")
            case "ask":
                return self._ask_a_person("an earlier attempt may have taken effect")
            case "post":
                pass
        if self.needs.post.clock.now_ms() > self.deadline_ms - _request_ms(self.needs.timing):
            # Asking took too long; a POST must end within the lease's invocation.
            return self._release(Deferred("too little of the invocation is left", 0, None))
        posted = self.needs.genesys.post(self.batch, self.destination)
        self.needs.pace.learn(posted.rate)
        return self._conclude(posted.outcome, doubtful)

    def _conclude(self, outcome: Outcome, doubtful: bool) -> Disposition:
        self.needs.post.telemetry.count(METRIC_OF[type(outcome)])
        match outcome:
            case Accepted():
                return self._accepted(outcome)
            case Refused(status=status) if doubtful or self._is_repeat(status):
                return self._refused_in_doubt(outcome)
            case Refused(reason=reason):
                return self._split_or_reject(reason)
            case Deferred():
                return self._release(outcome)
            case Unsure(reason):
                # Nothing is written: the lease runs out, as after a crash.
                wait = _until(self._lease_until_ms(), self.needs.post.clock.now_ms())
                return Later(f"outcome unknown: {reason}", wait)

    def _is_repeat(self, status: int) -> bool:
        return status == 409 and self.destination.key.repeat_answers_409

    def _lease_until_ms(self) -> int:
        return self.deadline_ms + int(self.needs.timing.quarantine_s * 1000)

    def _accepted(self, accepted: Accepted) -> Disposition:
        if accepted.failures:
            return self._split_by_item(accepted)
        more = {"genesys_id": accepted.genesys_id, "context_id": accepted.context_id}
        self.needs.post.telemetry.count("Delivered", len(self.batch.events))
        window_s = self.destination.confirmed_within_s
        if window_s is None:
            return self._settle("DONE", "accepted", **more)
        now_s = self.needs.post.clock.now_ms() // 1000
        done = self._settle("PENDING_EVENT", "accepted", due_at=now_s + window_s, **more)
        if isinstance(done, Done):
            self.needs.checks.send([window(self.batch.batch_id, window_s)])
        return done

    def _split_by_item(self, accepted: Accepted) -> Disposition:
        again = [f.index for f in accepted.failures if f.retryable]
        refused = [f for f in accepted.failures if not f.retryable]
        self.needs.post.telemetry.count(
            "Delivered", len(self.batch.events) - len(accepted.failures)
        )
        if len(self.batch.events) == 1 and refused:
            return self._park("REJECTED", refused[0].reason)
        if again and self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person("its items failed as retryable again and again")
        reasons = {f.index: f.reason for f in accepted.failures}
        parts = [_part([f.index], "refused", f.reason) for f in refused]
        if again:
            parts.append(_part(again, "again", reasons[again[0]]))
        return self._split(parts, f"accepted but for {len(accepted.failures)} items")

    def _split_or_reject(self, reason: str) -> Disposition:
        count = len(self.batch.events)
        if count == 1 or self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._park("REJECTED", reason)
        half = (count + 1) // 2
        parts = [
            _part(range(half), "again", reason),
            _part(range(half, count), "again", reason),
        ]
        return self._split(parts, f"refused: {reason}")

    def _refused_in_doubt(self, refused: Refused) -> Disposition:
        """R3: while in doubt, a refusal is no proof that nothing happened."""
        verdict: Verdict = after_refusal(refused.status, self.destination)
        if verdict == "read back":
            taken = self.needs.genesys.taken(self.batch, self.destination)
            if taken is None:
                return Later("refused in doubt, and Genesys did not say what happened", None)
            if taken:
                return self._reconcile(taken)
            verdict = "rejected"
        match verdict:
            case "applied":
                return self._settle("RECONCILED", f"had taken effect: {refused.reason}")
            case "rejected":
                return self._split_or_reject(refused.reason)
            case _:
                return self._ask_a_person(
                    f"refused ({refused.reason}), but an earlier attempt may have taken effect"
                )

    def _reconcile(self, taken: frozenset[int]) -> Disposition:
        """Genesys holds these of the items; the others of an earlier attempt failed alone."""
        missing = [index for index in range(len(self.batch.events)) if index not in taken]
        if not missing:
            return self._settle("RECONCILED", "read back: it had taken effect")
        if self.batch.depth >= SPLIT_DEPTH_MAX:
            return self._ask_a_person("its items failed again and again")
        parts = [_part(missing, "again", "read back: not among those that took effect")]
        return self._split(parts, f"read back: {len(taken)} items had taken effect")

    def _release(self, deferred: Deferred) -> Disposition:
        now_ms = self.needs.post.clock.now_ms()
        wait = deferred.retry_after_s
        if wait is None:
            wait = backoff_s(self.lease.deferred, self.needs.post.chance.fraction())
        if deferred.status == 429:
            self.needs.pace.close(now_ms, wait)
        self.needs.ledger.change(
            *record_key(self.batch.batch_id), *releasing(self.lease, now_ms, deferred.reason)
        )
        return Later(deferred.reason, wait)

    def _list_repost(self) -> bool:
        self.needs.post.telemetry.count("InDoubtReposted")
        written = self.needs.ledger.change(*record_key(self.batch.batch_id), *reposting(self.lease))
        return settled(written, self.lease, "OPEN")

    def _ask_a_person(self, reason: str) -> Disposition:
        return self._park("MANUAL_REVIEW", reason)

    def _park(self, state: State, reason: str) -> Disposition:
        now_ms = self.needs.post.clock.now_ms()
        keep_for_review(self.batch, reason, self.needs.post.vault, now_ms)
        self.needs.post.telemetry.count("Parked", len(self.batch.events))
        return self._settle(state, reason)

    def _split(self, parts: list[dict[str, Any]], note: str) -> Disposition:
        done = self._settle("SPLIT", note, parts=parts)
        if isinstance(done, Done):
            send_parts(self.batch, parts, self.needs)
        return done

    def _settle(self, state: State, note: str, **more: object) -> Disposition:
        now_ms = self.needs.post.clock.now_ms()
        guard, change = settling(self.lease, state, now_ms, note, **more)
        written = self.needs.ledger.change(*record_key(self.batch.batch_id), guard, change)
        if settled(written, self.lease, state):
            self.needs.post.telemetry.note("settled", batch=self.batch.batch_id, state=state)
            return Done()
        return Later("the lease was lost before the outcome was on record")


def _part(indices: Sequence[int], fate: str, reason: str) -> dict[str, Any]:
    return {"indices": list(indices), "fate": fate, "reason": reason[:200]}
