"""Unknown outcome: what may be done when an earlier attempt may have taken effect (R2, R3, R4)."""

from typing import Literal

from lambdas.relay.destinations.destination import Destination

#: post: send the same request again, protected by its key or idempotent; ask Genesys: ask for the
#: truth first; repost: send it again and list the possible duplicate; ask a person: a person
#: decides
Step = Literal["post", "ask Genesys", "repost", "ask a person"]

Verdict = Literal["applied", "rejected", "ask Genesys", "ask a person"]


def before_posting(doubt_since_ms: int | None, destination: Destination, now_ms: int) -> Step:
    """The first step of an attempt."""
    if doubt_since_ms is None or destination.is_repeatable:
        return "post"
    if destination.key.trusted(doubt_since_ms, now_ms):
        return "post"
    if destination.asks_first:
        return "ask Genesys"
    return "repost" if destination.unknown == "repost" else "ask a person"


def after_absence(destination: Destination) -> Step:
    """The step after Genesys has no trace of an earlier attempt."""
    may_repeat = destination.absence_proves or destination.unknown == "repost"
    return "repost" if may_repeat else "ask a person"


def after_refusal(status: int, destination: Destination) -> Verdict:
    """What a refusal proves about a request with an unknown outcome. 409 for a repeated key can
    mean that the request took effect, but not which of its items. Any other refusal proves that it
    did not, but only if the destination checks the key first.
    """
    if status == 409 and destination.key.repeat_answers_409 and destination.takes_whole:
        return "applied"
    if destination.is_repeatable:
        return "rejected"  # repeating the parts of a request that took effect changes nothing
    if destination.asks_first:
        return "ask Genesys"
    if destination.key.honoured_s and destination.key.checked_first and status != 409:
        return "rejected"
    if destination.unknown == "repost" and not destination.key.honoured_s:
        # It was listed as a possible duplicate when it was sent again, so its parts may be sent.
        return "rejected"
    return "ask a person"
