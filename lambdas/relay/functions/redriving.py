"""What a dead letter needs: a redrive, a person, or nothing. Pure: the reconciler acts on it.

After a transient cause (a service was out of reach, a function crashed) it is redriven, a limited
number of times and each time later. After a permanent one (it is unreadable, its destination is not
configured, it has failed too often) it goes to a person at once, with cause and advice.
"""

from dataclasses import dataclass

from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.limits import GONE_AFTER_S, REDRIVES_MAX, SENDINGS_ON_MAX, SQS_DELAY_MAX_S
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.requests.states import PARKED, SETTLED, State


@dataclass(frozen=True, slots=True)
class Redrive:
    """Back to its queue, to be received after so many seconds."""

    delay_s: int


@dataclass(frozen=True, slots=True)
class Person:
    """A person decides; the advice says how."""

    cause: Reason
    advice: str


@dataclass(frozen=True, slots=True)
class Keep:
    """It stays a dead letter for now: its destination accepts no requests."""


@dataclass(frozen=True, slots=True)
class Clear:
    """It is already done."""


Verdict = Redrive | Person | Keep | Clear


def redrive(redrives: int, backoff_s: float) -> Redrive:
    return Redrive(round(min(SQS_DELAY_MAX_S, backoff_s * 2 ** min(redrives, 20))))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadBatch:
    """What is known of a dead-lettered batch and its destination."""

    #: its record's; None where there is no record, not yet or no longer
    state: State | None
    is_configured: bool
    is_turned_away: bool
    #: how long SQS has had the message, which it drops in the end (`SOURCE_RETENTION_S`)
    age_s: float


def judge_batch(
    queue: str, redrives: int, why: Reason, batch: DeadBatch, *, backoff_s: float
) -> Verdict:
    """A sealed batch. Of a split or merged one, this message may be all that still holds its
    events; sending them on needs no answer of Genesys, so it is tried more often."""
    is_sent_on = batch.state in ("SPLIT", "MERGED")
    if not is_sent_on and batch.state in SETTLED | PARKED:
        return Clear()
    if not is_sent_on and not batch.is_configured:
        return Person(
            Code.NOT_CONFIGURED(queue),
            "Deploy a configuration that names the destination, then resolve it as again; "
            "or discard it.",
        )
    # Write defers everything for a destination whose breaker is open; dedup needs no destination.
    waits = batch.is_turned_away and without_lane(queue) == "writes"
    if waits and batch.age_s < GONE_AFTER_S:
        return Keep()
    if not waits and redrives < (SENDINGS_ON_MAX if is_sent_on else REDRIVES_MAX):
        return redrive(min(redrives, REDRIVES_MAX), backoff_s)
    if is_sent_on:
        return Person(
            Code.NOT_SENT_ON(queue, redrives, why),
            "Fix the cause in the reason, then put the message into its queue again.",
        )
    return Person(
        Code.REDRIVES_EXHAUSTED(queue, why),
        "Fix the cause in the reason, then resolve it as again.",
    )


def judge_message(
    queue: str, redrives: int, why: Reason, *, wrong: Reason | None, backoff_s: float
) -> Verdict:
    """An envelope or a check; `wrong` is why it is unreadable, None where it can be read."""
    if wrong:
        return Person(
            Code.UNREADABLE(queue, wrong),
            "It cannot be processed as it is: correct it and put it on the bus again.",
        )
    if redrives < REDRIVES_MAX:
        return redrive(redrives, backoff_s)
    return Person(
        Code.REDRIVES_EXHAUSTED(queue, why),
        "Fix the cause in the reason, then put it into the queue again.",
    )
