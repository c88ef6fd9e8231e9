"""Overdue records: requests that should have been settled by now.

Accepted requests without a confirming event are aligned with Genesys' truth; those that were
accepted without effect are sent again unchanged from the vault. Requests that were never sent, or
whose outcome is unknown, are left to their message; if the message is gone, the vault's copy is
sent or a person decides. Every decision is a conditional transition, so two concurrent runs, or one
that crashes, do nothing twice.
"""

from dataclasses import dataclass
from typing import Literal

from lambdas.relay.correlation import confirmation_breaker, recovery
from lambdas.relay.correlation.deps import Deps as CommonDeps
from lambdas.relay.correlation.recovery import Absent, Agrees, Differs, Finding
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination, advice
from lambdas.relay.functions.taken import settle_taken
from lambdas.relay.genesys import circuit_breaker
from lambdas.relay.genesys.truth import NoAnswer, NotAskable
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.limits import (
    ALIGNMENTS_MAX,
    GONE_AFTER_S,
    ITEMS_LOOKED_MAX,
    KEYS_ASKED_MAX,
    LOOK_AGAIN_S,
    RECOVERY_TRIES_MAX,
    REDRIVES_MAX,
    RESENDS_MAX,
)
from lambdas.relay.kernel.ports import Change, Entropy, Guard, Item, Ledger, Outgoing, Queue
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.dead_letters import ATTEMPTS
from lambdas.relay.messages.glimpse import is_unclaimed
from lambdas.relay.messages.quarantine import keep_aside
from lambdas.relay.messages.sealing import decode, describe
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.resolving import concluding
from lambdas.relay.requests.states import WAITING
from lambdas.relay.requests.tracking import asking_again, postponing, reopening
from lambdas.relay.review import resolution

#: what happened to one: settled, given to a person, sent again, postponed, or left as it was
#: because this run may not ask Genesys any more
Fate = Literal["aligned", "reviewed", "resent", "postponed", "unasked", "changed"]


class BreakersSeen:
    """The circuit breakers in one run: an open one lets only one probe through when its pause is
    over. Without the probe, work that waits only here would wait for ever."""

    def __init__(self, ledger: Ledger, entropy: Entropy) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._circuits: dict[str, circuit_breaker.Circuit] = {}
        self._probed: set[str] = set()

    def begin(self) -> None:
        """A new run reads every breaker again."""
        self._circuits.clear()
        self._probed.clear()

    def turns_away(self, destination: str, now_ms: int) -> bool:
        if destination not in self._circuits:
            self._circuits[destination] = circuit_breaker.shared_circuit(
                self._ledger, self._entropy, destination
            ).read()
        circuit = self._circuits[destination]
        if circuit_breaker.turned_away_s(circuit, now_ms) > 0:
            return True
        if not circuit.is_open:
            return False
        if destination in self._probed:
            return True
        self._probed.add(destination)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps(CommonDeps):
    batches: Queue
    breakers: BreakersSeen


def attend(item: Item, deps: Deps) -> Fate:
    """Handles one overdue record. Raises Transient."""
    tracked = Record.of(item)
    if tracked.state in WAITING and deps.destination(tracked) is None:
        # Only the configuration of its destination says how it is confirmed.
        return _ask_again(tracked, NoAnswer(Code.NO_DESTINATION(tracked.destination)), deps)
    if tracked.state in WAITING:
        return _align(tracked, deps)
    if tracked.state == "SPLIT" and tracked.resolved_by:
        return _resume(tracked, deps)
    if tracked.state in ("SEALED", "OPEN", "SPLIT"):
        return _prompt(tracked, deps)
    return "changed"


def asks(item: Item, deps: Deps) -> int:
    """The most queries to Genesys that handling a record can take."""
    tracked = Record.of(item)
    if tracked.state == "OPEN":
        return _asks_last(tracked, deps)
    if tracked.state not in WAITING:
        return 0
    confirmation = deps.confirmation(tracked)
    can_ask = confirmation is not None and confirmation.truth is not None
    return min(len(tracked.keys), KEYS_ASKED_MAX) if can_ask else 0


def _asks_last(tracked: Record, deps: Deps) -> int:
    destination = deps.destination(tracked)
    looks = destination is not None and destination.looks_last
    looks = looks and _is_old(tracked, deps.clock.now_ms())
    return tracked.items if looks and tracked.items <= ITEMS_LOOKED_MAX else 0


def is_turned_away(destination: Destination | None, deps: Deps) -> bool:
    """Whether this destination's breaker is open."""
    now_ms = deps.clock.now_ms()
    return destination is not None and deps.breakers.turns_away(destination.name, now_ms)


# --- accepted, and no event


def _align(tracked: Record, deps: Deps) -> Fate:
    now_ms = deps.clock.now_ms()
    confirmation = deps.confirmation(tracked)
    fate = recovery.meet_what_was_heard(tracked, deps, now_ms)
    if fate is not None:
        return fate
    if _hold_is_over(tracked, confirmation, now_ms):
        return "reviewed" if recovery.give_up_holding(tracked, deps, now_ms) else "changed"
    if is_turned_away(deps.destination(tracked), deps) or confirmation_breaker.is_open(
        deps.ledger, deps.entropy, tracked.destination, now_ms
    ):
        return _postpone(tracked, LOOK_AGAIN_S, deps)
    finding = recovery.ask(tracked, confirmation, deps)
    match finding:
        case Agrees() | Differs():
            return "aligned" if recovery.settle(tracked, finding, deps) else "changed"
        case NoAnswer(is_outage=False, wait_s=wait_s) if wait_s is not None:
            return "unasked"  # no slot within the rate limit: this says nothing about the request
        case Absent(proves) if _is_asked_enough(tracked) and _may_repeat(tracked, proves, deps):
            return _send_again(tracked, deps, now_ms)
    return _ask_again(tracked, finding, deps)


def _ask_again(tracked: Record, finding: Finding, deps: Deps) -> Fate:
    reason = _in_vain(tracked, finding)
    if reason is not None:
        return _give(tracked, reason, advice(deps.destination(tracked)), deps)
    again = asking_again(tracked, deps.clock.now_ms(), 0, recovery.told(finding))
    return "postponed" if _change(tracked, again, deps) else "changed"


def _is_asked_enough(tracked: Record) -> bool:
    return tracked.tries >= RECOVERY_TRIES_MAX


def _in_vain(tracked: Record, finding: Finding) -> Reason | None:
    """Why a person must decide; None: Genesys can be asked again."""
    if isinstance(finding, Absent) and _is_asked_enough(tracked):
        return Code.NEVER_CONFIRMED_ABSENT()
    if isinstance(finding, NotAskable) and _is_asked_enough(tracked):
        return Code.NEVER_CONFIRMED_NOT_ASKABLE()
    if tracked.tries >= ALIGNMENTS_MAX:
        return Code.NEVER_CONFIRMED(recovery.told(finding))
    return None


def _may_repeat(tracked: Record, absence_proves: bool, deps: Deps) -> bool:
    """Whether a request of which Genesys has no trace is sent again: if that is harmless, or if its
    absence is proof and unknown outcomes are not left to a person."""
    destination = deps.destination(tracked)
    assert destination is not None  # for another service there is no one to ask
    return destination.is_repeatable or (absence_proves and destination.unknown == "repost")


def _hold_is_over(tracked: Record, confirmation: Confirmation | None, now_ms: int) -> bool:
    hold_ms = (confirmation.hold_s if confirmation is not None else 0) * 1000
    return any(
        ordered_event.heard_at_ms + hold_ms <= now_ms for ordered_event in tracked.ordering.held
    )


def _send_again(tracked: Record, deps: Deps, now_ms: int) -> Fate:
    """Genesys accepted it, but it had no effect. The absence is believed only after the quarantine
    (R1), and the record is reopened before the message is sent: after a crash in between the record
    is overdue, and the vault still has the message."""
    if now_ms - tracked.accepted_at_ms < deps.timing.quarantine_s * 1000:
        return _postpone(tracked, int(deps.timing.quarantine_s) + 1, deps)
    message = deps.vault.fetch(sealed_key(tracked.batch_id))
    if message is None or tracked.resends >= RESENDS_MAX:
        return _give(
            tracked,
            Code.NEVER_HAPPENED(tracked.resends + 1),
            "Ask Genesys why it accepts the request without effect; then resolve it as again.",
            deps,
        )
    if not _change(tracked, reopening(tracked, now_ms, Code.SENT_AGAIN()), deps):
        return "changed"
    deps.telemetry.count("Resent")
    _send_kept(message, deps)
    return "resent"


# --- never sent, or nobody knows, or split and its parts are not all on their way


def _is_old(tracked: Record, now_ms: int) -> bool:
    return now_ms // 1000 - tracked.sealed_at_ms // 1000 >= GONE_AFTER_S


def _prompt(tracked: Record, deps: Deps) -> Fate:
    now_ms = deps.clock.now_ms()
    # Without a destination the message could only wait; parts can be sent without one.
    destination = deps.destination(tracked)
    is_configured = destination is not None
    is_to_prompt = is_configured or tracked.state == "SPLIT"
    is_old = _is_old(tracked, now_ms)
    # A destination may stay paused for ever, but a request must not wait for ever.
    is_turned = not is_old and is_turned_away(destination, deps)
    if now_ms < tracked.lease_until_ms or is_turned:
        return _postpone(tracked, LOOK_AGAIN_S, deps)
    prompts = tracked.prompts
    message = deps.vault.fetch(sealed_key(tracked.batch_id))
    if is_to_prompt and message is not None and prompts < REDRIVES_MAX:
        later = postponing(tracked, now_ms // 1000 + LOOK_AGAIN_S, prompts=prompts + 1)
        if not _change(tracked, later, deps):
            return "changed"
        _send_kept(message, deps)
        return "resent"
    if not is_old:
        return _postpone(tracked, LOOK_AGAIN_S, deps)
    if tracked.state == "SPLIT":
        return _keep_whole(tracked, message, deps)
    if message is not None and settle_taken(message, deps):
        return "aligned"
    if not is_configured:
        return _give(
            tracked,
            Code.GONE_NOT_CONFIGURED(),
            "Deploy a configuration that names the destination, then resolve it as again; "
            "or discard it.",
            deps,
        )
    return _give(
        tracked,
        Code.ABANDONED(),
        "Look at the functions' logs; then resolve it as again, or discard it.",
        deps,
    )


def _keep_whole(tracked: Record, message: str | None, deps: Deps) -> Fate:
    """A person cannot deliver it again, since some of its parts may be done. Putting the message
    into its queue again sends the missing ones."""
    now_ms = deps.clock.now_ms()
    advice = "Find out why its parts cannot be sent; then put the message into write's queue again."
    keep_aside(message or canonical(tracked.item), Code.PARTS_LEFT(), deps.vault, now_ms, advice)
    concluded = deps.ledger.change(*record_key(tracked.batch_id), *concluding(now_ms))
    return "reviewed" if concluded.applied else "changed"


def _resume(tracked: Record, deps: Deps) -> Fate:
    """Completes a person's decision to deliver again."""
    now_ms = deps.clock.now_ms()
    parked = resolution.find(tracked.batch_id, deps.ledger, deps.vault)
    if parked.batch is None:
        # Only this was left: the document is deleted last.
        deps.ledger.change(*record_key(tracked.batch_id), *concluding(now_ms))
        return "aligned"
    decision = resolution.Decision("again", "the reconciler", "resumed")
    resolution.resolve(
        parked,
        decision,
        ledger=deps.ledger,
        vault=deps.vault,
        writes=deps.writes,
        now_ms=now_ms,
    )
    return "resent"


# --- what all of them need


def _send_kept(message: str, deps: Deps) -> None:
    """A batch that was kept before its claims goes through dedup again, which may have crashed
    among them. The count of one delivery makes dedup check its record."""
    described = describe(decode(message))
    if is_unclaimed(message):
        deps.batches.send([Outgoing(message, {ATTEMPTS: "1", **described})])
    else:
        deps.writes.send([Outgoing(message, described)])


def _postpone(tracked: Record, seconds: int, deps: Deps) -> Fate:
    due_at_s = deps.clock.now_ms() // 1000 + seconds
    return "postponed" if _change(tracked, postponing(tracked, due_at_s), deps) else "changed"


def _give(tracked: Record, reason: Reason, advice: str, deps: Deps) -> Fate:
    now_ms = deps.clock.now_ms()
    question = recovery.Question(reason, advice)
    given = recovery.give_to_person(tracked, question, deps, now_ms, locked=False)
    return "reviewed" if given else "changed"


def _change(tracked: Record, transition: tuple[Guard, Change], deps: Deps) -> bool:
    return deps.ledger.change(*record_key(tracked.batch_id), *transition).applied


def is_due(item: Item | None, now_ms: int) -> bool:
    """The index lags behind the table: a listed record may already be handled."""
    if item is None:
        return False
    record = Record.of(item)
    is_listed = bool(record.attention) and not record.has_expired(now_ms)
    return is_listed and record.due_at * 1000 <= now_ms
