"""What a dead letter needs: work again, a person, or nothing. Pure: the reconciler acts on it.

Transient causes (a neighbour was out of reach, a function crashed) go back to work, a bounded
number of times and each time later. Permanent ones (nobody can read it, nobody is configured to
take it, it has failed too often) go to a person at once, with cause and advice.
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
    """It stays a dead letter for now: its destination is not to be asked."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Its work has been done meanwhile."""


Verdict = Redrive | Person | Keep | Clear


def redrive(redrives: int, backoff_s: float) -> Redrive:
    return Redrive(round(min(SQS_DELAY_MAX_S, backoff_s * 2 ** min(redrives, 20))))


def judge_batch(
    queue: str,
    redrives: int,
    why: Reason,
    *,
    state: State | None,
    is_configured: bool,
    is_turned_away: bool,
    age_s: float,
    backoff_s: float,
) -> Verdict:
    """A sealed batch: `state` is its record's, None where it has none yet or any more. `age_s` is
    how long SQS has had it: what is kept for longer than it keeps anything, it drops."""
    # Write turns away whatever comes for a destination that rests; dedup asks no destination.
    rests = is_turned_away and without_lane(queue) == "writes"
    if state in ("SPLIT", "MERGED"):
        # It may be all that its events still exist in. Sending them on needs no luck, but to be let
        # in.
        if rests and age_s < GONE_AFTER_S:
            return Keep()
        if redrives < SENDINGS_ON_MAX and not rests:
            return redrive(min(redrives, REDRIVES_MAX), backoff_s)
        return Person(
            Code.NOT_SENT_ON(queue, redrives, why),
            "Mend what the reason says, then put the message into its queue again.",
        )
    if state in SETTLED | PARKED:
        return Clear()
    if not is_configured:
        return Person(
            Code.NOT_CONFIGURED(queue),
            "Deploy a configuration that names the destination, then resolve it as again; "
            "or discard it.",
        )
    if rests and age_s < GONE_AFTER_S:
        return Keep()
    if redrives < REDRIVES_MAX and not rests:
        return redrive(redrives, backoff_s)
    return Person(
        Code.REDRIVES_EXHAUSTED(queue, why),
        "Mend what the reason says, then resolve it as again.",
    )


def judge_message(
    queue: str, redrives: int, why: Reason, *, wrong: Reason | None, backoff_s: float
) -> Verdict:
    """An envelope or a check; `wrong` says what makes it unreadable, None where it can be read."""
    if wrong:
        return Person(
            Code.UNREADABLE(queue, wrong),
            "Nothing can be done with it as it is: correct it and put it on the bus again.",
        )
    if redrives < REDRIVES_MAX:
        return redrive(redrives, backoff_s)
    return Person(
        Code.REDRIVES_EXHAUSTED(queue, why),
        "Mend what the reason says, then put it into the queue again.",
    )
