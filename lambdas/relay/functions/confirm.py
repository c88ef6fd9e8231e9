"""confirm: applies Genesys' events, and timers, to the records of the requests.

    event ──▶ contradicts the record? flagged ─ too early? held ─ otherwise applied, others released
    window over ──▶ no event at all lately? stretched ─ otherwise Genesys is asked, three times
    hold over ──▶ what must come first never came: a person

An event always wins over a timer, and late or repeated messages change nothing.
"""

from dataclasses import dataclass, replace

from lambdas.relay.correlation import recovery
from lambdas.relay.correlation.checks import Check, Heard, read_check, tell, timer
from lambdas.relay.correlation.confirmation_breaker import ConfirmationBreaker
from lambdas.relay.correlation.deps import Deps as CommonDeps
from lambdas.relay.correlation.recovery import Absent, Agrees, Differs, Finding
from lambdas.relay.destinations.correlation import Confirmation, heard_by
from lambdas.relay.functions.repairs import put_right
from lambdas.relay.genesys.truth import NoAnswer, NotAskable
from lambdas.relay.kernel.limits import CHANGES_MAX, RECOVERY_TRIES_MAX, STRETCHES_MAX
from lambdas.relay.kernel.ports import Change, Delivery, Guard
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.messages.consumer import (
    Consumer,
    Disposition,
    Done,
    Later,
    quarantine,
    without_destination,
)
from lambdas.relay.messages.dead_letters import dead_letter
from lambdas.relay.requests.ordering import Applied, Held, NoRoom, Nothing, OrderedEvent, step
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.states import LISTENING, WAITING
from lambdas.relay.requests.tracking import (
    asking_again,
    completing,
    hearing,
    listing,
    recovering,
    stretching,
)
from lambdas.relay.review.cases import park_unrecorded

#: a timer that is early by this much counts as on time: SQS counts in whole seconds
EARLY_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps(CommonDeps):
    consumer: Consumer
    confirmation_breaker: ConfirmationBreaker


def confirm(delivery: Delivery, deps: Deps, deadline_ms: int) -> Disposition:
    """Applies an event or a timer to the request's record. Raises Malformed, Transient."""
    check = read_check(delivery.body)
    for _ in range(CHANGES_MAX):
        item = deps.ledger.find([record_key(check.batch_id)])[0]
        if item is None:
            now_ms = deps.clock.now_ms()
            if not park_unrecorded(
                check.batch_id, ledger=deps.ledger, vault=deps.vault, now_ms=now_ms
            ):
                # It was final so long ago that it has expired: there is nothing to do.
                deps.telemetry.note("check without a record", batch=check.batch_id)
            return Done()
        consumer = deps.consumer
        if put_right(item, deps):
            continue
        tracked = Record.of(item)
        if _is_unconfigured(tracked, deps):
            now_ms = consumer.clock.now_ms()
            return without_destination(tracked.destination, tracked.sealed_at_ms, now_ms)
        visit = _Visit(check, tracked, delivery, deps, deadline_ms)
        disposition = visit.make()
        if disposition is not None:
            return disposition
    return Later(Code.RECORD_BUSY())


def _is_unconfigured(tracked: Record, deps: Deps) -> bool:
    """How an event affects a request depends on the configuration of its destination, which this
    instance may not have: it may belong to the previous release, or to one that was rolled back.
    What is settled needs none: the destination may have been removed for good."""
    is_open = tracked.state in LISTENING | {"SPLIT"}
    return is_open and deps.destination(tracked) is None


@dataclass(frozen=True, slots=True)
class _Visit:
    """One visit to a record. Methods return None if it changed in the meantime and must be read
    again."""

    check: Check
    tracked: Record
    delivery: Delivery
    deps: Deps
    deadline_ms: int

    def make(self) -> Disposition | None:
        both = self.tracked.both_named(self._confirmation())
        if both and self.tracked.state in WAITING:
            # The run that settled it crashed before it saw this. List the duplicates, then read it
            # again.
            recovery.list_duplicates(self.tracked, both, self.deps, self._now_ms())
            return None
        match self.check.kind:
            case "event":
                assert self.check.event is not None  # read_check guarantees it
                return self._hear(self.check.event)
            case "window":
                return self._end_window()
            case "hold":
                return self._end_hold()

    # --- events

    def _hear(self, event: Heard) -> Disposition | None:
        tracked, confirmation = self.tracked, self._confirmation()
        if tracked.state == "SPLIT":
            return self._pass_on(event, confirmation)
        known = _contradicted(tracked, event, confirmation)
        if known and tracked.state in LISTENING | {"CONFIRMED"}:
            return self._contradict(event, known)
        return self._order(event, confirmation) if tracked.state in LISTENING else Done()

    def _order(self, event: Heard, confirmation: Confirmation | None) -> Disposition | None:
        """Applies an event, holds it until those before it have come, or finds it known."""
        tracked, now_ms = self.tracked, self._now_ms()
        ordered_event = OrderedEvent(
            event.identity, event.detail_type, event.session, event.sequence, now_ms
        )
        met = step(tracked.ordering, ordered_event, heard_by(confirmation))
        match met:
            case NoRoom():
                return Later(Code.NO_ROOM_TO_HOLD())
            case Nothing():
                return self._complete_if_due(confirmation)
            case Held() if tracked.state == "RECONCILED":
                return Done()  # final, so no event is held any more
            case Held():
                hold_s = confirmation.hold_s if confirmation is not None else 0
                self.deps.consumer.source.send([timer("hold", tracked.batch_id, hold_s)])
                self.deps.telemetry.count("Held")
            case Applied(released=released):
                self.deps.telemetry.count("Released", len(released))
        return self._record_heard(event, met, confirmation, now_ms)

    def _record_heard(
        self, event: Heard, met: Applied | Held, confirmation: Confirmation | None, now_ms: int
    ) -> Disposition | None:
        tracked = self.tracked
        is_followed = (
            confirmation is not None
            and confirmation.hears(event.detail_type)
            and not confirmation.causes(event.detail_type)
        )
        heard_at_ms = tracked.heard_at_ms or (0 if is_followed else now_ms)
        after = tracked.with_(**met.ordering.as_item(), heard_at_ms=heard_at_ms)
        guard, change = hearing(
            tracked,
            met,
            now_ms,
            event=event.name,
            conversation_id=event.conversation_id,
            is_evidence=not is_followed,
            is_complete=after.is_complete(confirmation),
        )
        return self._confirmed_by(guard, change)

    def _complete_if_due(self, confirmation: Confirmation | None) -> Disposition | None:
        """After a crash between settling the answer and this step, a complete record is still
        waiting."""
        if self.tracked.state in WAITING and self.tracked.is_complete(confirmation):
            return self._confirmed_by(*completing(self.tracked, self._now_ms()))
        return Done()

    def _confirmed_by(self, guard: Guard, change: Change) -> Disposition | None:
        tracked, consumer = self.tracked, self.deps.consumer
        if not self._change(guard, change):
            return None
        final = change.put.get("state")
        if final in ("CONFIRMED", "RECONCILED"):
            consumer.telemetry.count("Confirmed" if final == "CONFIRMED" else "Reconciled")
            consumer.telemetry.note(
                "settled", batch=tracked.batch_id, was=tracked.state, state=final
            )
            if tracked.state == "PENDING_EVENT":
                self.deps.confirmation_breaker.heard(tracked.destination)
            elif tracked.state == "MANUAL_REVIEW":
                consumer.vault.discard(review_key(tracked.batch_id))
            if tracked.accepted_at_ms:
                consumer.vault.discard(sealed_key(tracked.batch_id))
        return Done()

    def _pass_on(self, event: Heard, confirmation: Confirmation | None) -> Disposition:
        """Passes events of a request that was split to its parts, which must neither wait for these
        effects nor repeat them."""
        parts = self.tracked.part_ids
        records = self.deps.ledger.find([record_key(part) for part in parts]) if parts else ()
        children = [Record.of(item) for item in records if item is not None]
        if len(children) < len(parts):
            return Later(Code.PARTS_MISSING())
        if self.tracked.items > 1:
            # Only a key that belongs to one part alone says which item the event is about.
            named = _named(event, confirmation)
            is_telling = confirmation is not None and confirmation.owned and named
            keys = [[key.lower() for key in child.keys] for child in children]
            named = named.lower()
            children = [c for c, k in zip(children, keys, strict=True) if is_telling and named in k]
        if children:
            self.deps.consumer.source.send([tell(event, child.batch_id) for child in children])
        return Done()

    def _contradict(self, event: Heard, known: str) -> Disposition | None:
        """An event that names our request but another conversation. After a repeated attempt it
        shows a duplicate; otherwise it is an anomaly and quarantined."""
        tracked, now_ms = self.tracked, self._now_ms()
        named = event.conversation_id or event.entity
        if named in tracked.duplicates or event.identity in tracked.contradictions:
            return self._complete_if_due(self._confirmation())
        if tracked.may_be_doubled:
            if tracked.state in ("SEALED", "OPEN"):
                return Later(Code.DUPLICATE_UNDER_WAY())
            copies = (known, named)
            recorded = recovery.list_duplicates(tracked, copies, self.deps, now_ms)
            return Done() if recorded else None
        reason = Code.CONTRADICTS(tracked.batch_id, known, named)
        quarantine(self.delivery, reason, self.deps.consumer)
        note = Code.CONTRADICTED(event.name, named)
        if not self._change(*listing(tracked, now_ms, note, event=event.identity)):
            return None
        self.deps.telemetry.count("Contradictions")
        return Done()

    # --- timers

    def _end_window(self) -> Disposition | None:
        tracked, now_ms, confirmation = self.tracked, self._now_ms(), self._confirmation()
        if tracked.state not in WAITING:
            return Done()
        if tracked.is_complete(confirmation):
            return self._confirmed_by(*completing(tracked, now_ms))
        if confirmation is not None and tracked.ordering.has_seen(confirmation.causes):
            return Done()  # it took effect; further events have their own timers
        early_ms = tracked.window_until_ms - now_ms
        if early_ms > EARLY_MS:
            return Later(Code.WINDOW_OPEN(), early_ms / 1000)
        if self.deadline_ms - now_ms < 4 * self.deps.timing.request_s * 1000:
            return Later(Code.TOO_LITTLE_TIME(), 0)
        if tracked.state == "PENDING_EVENT":
            return self._fall_silent(confirmation, now_ms)
        return self._ask(confirmation, is_probe=False)

    def _fall_silent(self, confirmation: Confirmation | None, now_ms: int) -> Disposition | None:
        """Asks about a request for the first time, unless the events have stopped altogether."""
        tracked, telemetry = self.tracked, self.deps.telemetry
        telemetry.count("WindowsExpired")
        permission, opened = self.deps.confirmation_breaker.ended_silent(
            tracked.destination, now_ms
        )
        if opened:
            telemetry.count("SilenceBreakerOpened")
            telemetry.note("silence", destination=tracked.destination)
        if permission == "wait" and tracked.stretches < STRETCHES_MAX:
            seconds = self._backoff_s(confirmation, tracked.stretches + 1)
            self.deps.consumer.source.send([timer("window", tracked.batch_id, seconds)])
            return Done() if self._change(*stretching(tracked, now_ms, seconds)) else None
        guard, change = recovering(tracked, now_ms, Code.NO_EVENT())
        if not self._change(guard, change):
            return None
        item = self.deps.ledger.find([record_key(tracked.batch_id)])[0]
        if item is None:
            return None
        again = replace(self, tracked=Record.of(item))
        return again._ask(confirmation, is_probe=permission == "probe")

    def _ask(self, confirmation: Confirmation | None, *, is_probe: bool) -> Disposition | None:
        tracked, deps = self.tracked, self.deps
        if tracked.state != "TIMEOUT_RECOVERY":
            return None
        finding = recovery.ask(tracked, confirmation, deps)
        if is_probe and not isinstance(finding, NoAnswer | NotAskable):
            deps.confirmation_breaker.answered(tracked.destination)
        match finding:
            case Agrees() | Differs():
                return Done() if recovery.settle(tracked, finding, deps) else None
            case Absent() | NoAnswer() | NotAskable():
                return self._ask_again(finding, confirmation)

    def _ask_again(self, finding: Finding, confirmation: Confirmation | None) -> Disposition | None:
        tracked, consumer, now_ms = self.tracked, self.deps.consumer, self._now_ms()
        note = recovery.told(finding)
        seconds = self._backoff_s(confirmation, tracked.tries + 1)
        if isinstance(finding, NoAnswer) and finding.wait_s is not None:
            seconds = max(seconds, finding.wait_s)
        is_last = tracked.tries + 1 >= RECOVERY_TRIES_MAX
        if is_last:
            reason = Code.ASKED_IN_VAIN(note, tracked.tries + 1)
            consumer.dead.send([dead_letter(self.delivery, reason, now_ms, consumer.reader)])
        else:
            consumer.source.send([timer("window", tracked.batch_id, seconds)])
        if not self._change(*asking_again(tracked, now_ms, seconds, note)):
            return None
        if is_last:
            consumer.telemetry.count("DeadLettered")
        return Done()

    def _backoff_s(self, confirmation: Confirmation | None, times: int) -> float:
        window_s = confirmation.window_s if confirmation is not None else 60
        return float(min(15 * 60, window_s * 2 ** min(times, 10)))

    def _end_hold(self) -> Disposition | None:
        tracked, now_ms, confirmation = self.tracked, self._now_ms(), self._confirmation()
        if tracked.state not in LISTENING - {"MANUAL_REVIEW"} or not tracked.ordering.held:
            return Done()
        hold_ms = (confirmation.hold_s if confirmation is not None else 0) * 1000
        oldest = min(tracked.ordering.held, key=lambda ordered_event: ordered_event.heard_at_ms)
        early_ms = oldest.heard_at_ms + hold_ms - now_ms
        if early_ms > EARLY_MS:
            return Later(Code.HELD_FOR_NOW(), early_ms / 1000)
        if tracked.state in ("SEALED", "OPEN"):
            return Later(Code.HOLD_OVER_UNDER_WAY())
        given = recovery.give_up_holding(tracked, self.deps, now_ms)
        return Done() if given else None

    # --- what all of them need

    def _confirmation(self) -> Confirmation | None:
        return self.deps.confirmation(self.tracked)

    def _now_ms(self) -> int:
        return self.deps.clock.now_ms()

    def _change(self, guard: Guard, change: Change) -> bool:
        return self.deps.ledger.change(*record_key(self.tracked.batch_id), guard, change).applied


def _named(event: Heard, confirmation: Confirmation | None) -> str:
    if confirmation is None or confirmation.named is None:
        return ""
    return event.entity if confirmation.named == "entity" else event.conversation_id


def _contradicted(tracked: Record, event: Heard, confirmation: Confirmation | None) -> str:
    """What the record is about, if the event says otherwise; "" if they agree."""
    if confirmation is None:
        return ""
    if confirmation.cancel and tracked.duplicates:  # the first stays, whatever the answer named
        known, named = tracked.duplicates[:1], event.conversation_id or event.entity
    elif confirmation.named == "entity" or (confirmation.named and tracked.keys):
        known, named = tracked.keys, _named(event, confirmation)
    elif tracked.items == 1 and tracked.conversation_id:
        known, named = (tracked.conversation_id,), event.conversation_id
    else:
        return ""
    is_known = named.lower() in [each.lower() for each in known]
    return known[0] if known and named and not is_known else ""
