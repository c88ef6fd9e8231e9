"""Unknown outcome: an earlier attempt may have taken effect. What may be done then (R2, R3, R4)."""

from typing import Literal

from lambdas.relay.destinations.destination import Destination

#: post: the same request again, protected by its key or harmless by its nature; ask Genesys: for
#: the truth, first; repost: send again and list the possible duplicate; ask a person: who decides
Step = Literal["post", "ask Genesys", "repost", "ask a person"]

Verdict = Literal["applied", "rejected", "ask Genesys", "ask a person"]


def before_posting(doubt_since_ms: int | None, destination: Destination, now_ms: int) -> Step:
    """What an attempt begins with."""
    if doubt_since_ms is None or destination.is_repeatable:
        return "post"
    if destination.key.trusted(doubt_since_ms, now_ms):
        return "post"
    if destination.asks_first:
        return "ask Genesys"
    return "repost" if destination.unknown == "repost" else "ask a person"


def after_absence(destination: Destination) -> Step:
    """What follows where Genesys finds nothing of an earlier attempt."""
    may_repeat = destination.absence_proves or destination.unknown == "repost"
    return "repost" if may_repeat else "ask a person"


def after_refusal(status: int, destination: Destination) -> Verdict:
    """What a refusal says of a request whose outcome is unknown.

    409 to a repeated key can mean that the request took effect, but it does not say which of its
    items did. Any other refusal proves that it did not only where the destination looks at the
    key first.
    """
    if status == 409 and destination.key.repeat_answers_409 and destination.takes_whole:
        return "applied"
    if destination.is_repeatable:
        return "rejected"  # repeating the parts of what took effect changes nothing more
    if destination.asks_first:
        return "ask Genesys"
    if destination.key.honoured_s and destination.key.checked_first and status != 409:
        return "rejected"
    if destination.unknown == "repost" and not destination.key.honoured_s:
        # Listed as a possible duplicate when it was sent again: its parts may go on.
        return "rejected"
    return "ask a person"
