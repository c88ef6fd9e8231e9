"""The loop of all SQS functions: handles each delivered message.

A message is either done or comes back later. An error in one message does not affect the others.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lambdas.relay.entrances.events import Reader
from lambdas.relay.kernel.backoff import backoff_s, patience_s
from lambdas.relay.kernel.errors import Malformed, Misplaced, Transient
from lambdas.relay.kernel.limits import MESSAGE_AGE_MAX_S, SQS_VISIBILITY_MAX_S
from lambdas.relay.kernel.ports import Clock, Delivery, Entropy, Queue, Telemetry, Vault
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.dead_letters import dead_letter
from lambdas.relay.messages.quarantine import READ_AGAIN, keep_aside

#: the attributes that log lines about a message contain
CORRELATING = ("batch", "conversation", "identity")
#: SQS counts the 12 hours from the receive, not from the change
HIDING_MARGIN_S = 120


@dataclass(frozen=True, slots=True)
class Done:
    """The message may be deleted: its work is durable elsewhere."""


@dataclass(frozen=True, slots=True)
class Later:
    """The message stays and comes back after `seconds` (None: by backoff)."""

    reason: Reason
    seconds: float | None = None


Disposition = Done | Later


def without_destination(name: str, sealed_at_ms: int, now_ms: int) -> Later:
    """For work whose destination is not in this configuration: one that has it may be about to be
    deployed, or be running beside this one."""
    return Later(Code.NO_DESTINATION(name), patience_s((now_ms - sealed_at_ms) / 1000))


@dataclass(frozen=True, slots=True)
class Consumer:
    """A function's place at its queue."""

    source: Queue
    dead: Queue
    vault: Vault
    clock: Clock
    entropy: Entropy
    telemetry: Telemetry
    #: how envelopes are read
    reader: Reader
    #: receives after which SQS dead-letters a message of the source; None: it never does
    receives_max: int | None = None


def settle_each(
    deliveries: Sequence[Delivery],
    act: Callable[[Delivery], Disposition],
    consumer: Consumer,
    deadline_ms: int | None = None,
) -> list[str]:
    """Acts on each message; returns the ids of those that are not done and stay in the queue. If
    Lambda ended the invocation at `deadline_ms`, its work would be repeated after the visibility
    timeout. So a message is started only if there is time for one that takes twice as long as the
    longest so far; the others come back at once.
    """
    kept: list[str] = []
    longest_ms, now_ms = 0, consumer.clock.now_ms()
    for delivery in deliveries:
        began_ms = now_ms
        has_time = deadline_ms is None or deadline_ms - began_ms >= 2 * longest_ms
        if not settle(delivery, partial(act, delivery) if has_time else _no_time, consumer):
            kept.append(delivery.message_id)
        now_ms = consumer.clock.now_ms()
        longest_ms = max(longest_ms, now_ms - began_ms)
    return kept


def _no_time() -> Disposition:
    return Later(Code.TOO_LITTLE_TIME(), 0)


def settle(delivery: Delivery, act: Callable[[], Disposition], consumer: Consumer) -> bool:
    """Acts on one message and sets when it comes back; True if it is done."""
    disposition = _attempt(delivery, act, consumer)
    if isinstance(disposition, Later) and _is_last_but_one(delivery, consumer):
        disposition = _give_up(delivery, disposition, consumer)
    if isinstance(disposition, Done):
        return True
    wait = disposition.seconds
    if wait is None:
        wait = backoff_s(delivery.receives - 1, consumer.entropy.fraction())
    consumer.telemetry.count("Deferred")
    consumer.telemetry.note(
        "deferred", reason=disposition.reason, seconds=round(wait, 1), **about(delivery)
    )
    try:
        consumer.source.change_visibility(
            delivery, min(wait, SQS_VISIBILITY_MAX_S - HIDING_MARGIN_S)
        )
    except Transient as transient:
        # It stays in any case, and comes back when its visibility timeout ends.
        consumer.telemetry.note("not put off", reason=transient.reason, **about(delivery))
    return False


def _attempt(delivery: Delivery, act: Callable[[], Disposition], consumer: Consumer) -> Disposition:
    """The disposition of a message, whatever error it causes."""
    try:
        if _is_old(delivery, consumer.clock.now_ms()):
            return _bury(delivery, Code.TOO_OLD(), consumer)
        return act()
    except Misplaced as misplaced:
        return _misplaced(delivery, misplaced.reason, consumer)
    except Malformed as malformed:  # also what another service can never accept
        return _set_aside(delivery, malformed.reason, consumer)
    except Transient as transient:
        return Later(transient.reason, transient.retry_after_s)
    except Exception as unexpected:  # noqa: BLE001 our own bug must not affect the other messages
        consumer.telemetry.count("Unexpected")
        return Later(Code.UNEXPECTED(type(unexpected).__name__, place(unexpected)))


def about(delivery: Delivery) -> dict[str, str]:
    """The ids among a message's attributes, to find it in the logs."""
    return {name: delivery.attributes[name] for name in CORRELATING if name in delivery.attributes}


def place(error: Exception) -> str:
    """Where an error was raised; its text is left out, since it may quote an event."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} in {frame.name}"


def quarantine(delivery: Delivery, reason: Reason, consumer: Consumer) -> None:
    """Quarantines an unreadable message. Raises Transient."""
    held_in, now_ms = delivery.attributes.get(READ_AGAIN, ""), consumer.clock.now_ms()
    name = keep_aside(delivery.body, reason, consumer.vault, now_ms, held_in=held_in)
    consumer.telemetry.count("Quarantined")
    consumer.telemetry.note("quarantined", document=name, reason=reason)


def _set_aside(delivery: Delivery, reason: Reason, consumer: Consumer) -> Disposition:
    """The vault may be out of reach; that must not affect the other messages."""
    try:
        quarantine(delivery, reason, consumer)
    except Transient as transient:
        return Later(transient.reason, transient.retry_after_s)
    return Done()


def _misplaced(delivery: Delivery, reason: Reason, consumer: Consumer) -> Disposition:
    """To the dead letters; reconcile moves it to the right queue."""
    try:
        return _bury(delivery, reason, consumer)
    except Transient as transient:
        kept = Code.NOT_DEAD_LETTERED(reason, transient.reason)
        return Later(kept, transient.retry_after_s)
    except Malformed as malformed:
        return _set_aside(delivery, Code.AND(reason, malformed.reason), consumer)


def _is_old(delivery: Delivery, now_ms: int) -> bool:
    return now_ms - delivery.sent_at_ms > MESSAGE_AGE_MAX_S * 1000


def _is_last_but_one(delivery: Delivery, consumer: Consumer) -> bool:
    """One receive is left in case the dead letter cannot be written now; after that SQS itself
    moves the message, without a reason."""
    return consumer.receives_max is not None and delivery.receives >= consumer.receives_max - 1


def _give_up(delivery: Delivery, failed: Later, consumer: Consumer) -> Disposition:
    """The message has used up its receives."""
    try:
        return _bury(delivery, failed.reason, consumer)
    except Malformed as malformed:
        return _set_aside(delivery, Code.AND(failed.reason, malformed.reason), consumer)
    except Transient as transient:
        return Later(Code.NOT_DEAD_LETTERED(failed.reason, transient.reason), failed.seconds)


def _bury(delivery: Delivery, reason: Reason, consumer: Consumer) -> Disposition:
    """Moves the message to the dead-letter queue with the reason, before SQS moves it without one
    after too many receives, or deletes it at the end of its retention."""
    consumer.dead.send([dead_letter(delivery, reason, consumer.clock.now_ms(), consumer.reader)])
    consumer.telemetry.count("DeadLettered")
    consumer.telemetry.note(
        "dead-lettered", reason=reason, receives=delivery.receives, **about(delivery)
    )
    return Done()
