"""Where the checker accepts that a person is asked about an event that Genesys would have taken."""

import json

from lambdas.relay.kernel.reasons import Code, Reason, read_reason
from simulation.history import History
from simulation.regimes import Regime
from simulation.workload import numbers_of

#: somebody removed the state of a record, its destination, or how often it was sent
_DAMAGE = {
    Code.RECORD_DAMAGED,
    Code.NEVER_CONFIRMED,
    Code.GONE_NOT_CONFIGURED,
    Code.MAY_HAVE_TAKEN_EFFECT,
    Code.REFUSED_IN_DOUBT,
}


def may_be_parked(
    reason: str, number: int, requests: set[str], history: History, regime: Regime
) -> bool:
    """Cases in which a person may be involved although Genesys would have taken the event."""
    told = read_reason(reason)
    match told.code:
        case code if code in _DAMAGE and number in history.harm.doctored:
            return True
        case Code.NOT_CONFIGURED | Code.GONE_NOT_CONFIGURED:
            # A deploy removed the name; after a roll-back only messages know the new one.
            return history.deploy in ("removed", "forgotten") or (
                history.deploy == "rolled back" and told.code is Code.GONE_NOT_CONFIGURED
            )
        case Code.UNREADABLE | Code.REDRIVES_EXHAUSTED | Code.NOT_SENT_ON:
            is_given_up = history.dead_lettered.get(_first(told), 0) > 3
            # No item stays in conflict for so long, unless nobody can change it.
            is_blocked = Code.CONTENDED.name in told.details
            return (is_given_up or number in history.harm.buried) and not is_blocked
        case Code.ABANDONED:
            harm = history.harm
            is_taken = number in harm.emptied | harm.taken_out | history.forgotten.events
            return is_taken or _is_beside_what_kills_write(number, history)
        case Code.RECORD_GONE if number in history.forgotten.events:
            return True
        case Code.BEYOND_HORIZON if number in history.harm.replayed | history.forgotten.replayed:
            return True  # the age of a replayed event is known only from its sender
        case Code.BEYOND_HORIZON | Code.RECORD_GONE:
            return regime.late_copies
        case Code.NEVER_CONFIRMED_ABSENT | Code.NEVER_CONFIRMED_NOT_ASKABLE:
            return regime.confirmed_within_s is not None
        case Code.NEVER_CONFIRMED:  # for a day, its confirmation is unknown
            is_gone = history.deploy in ("removed", "forgotten", "rolled back")
            return regime.confirmed_within_s is not None and is_gone
        case Code.ATTEMPTS_EXHAUSTED:
            return _first(told).isdecimal() and int(_first(told)) > 20
        case Code.ITEMS_FAIL_AGAIN:
            return len(requests) > 12
        case Code.STATUS_NOT_JSON | Code.STATUS_ERROR:
            answers = max((history.unread[key] for key in requests), default=0)
            return answers > 1 or (regime.parks_doubt and answers > 0)
        case Code.FAILS_NO_ITEM | Code.FAILS_SOMEHOW:
            return bool(requests & history.unclear)
        case Code.CONFLICT_LASTS:
            return _lasting_conflict(requests, history)
        case Code.REFUSED_IN_DOUBT:
            return (
                regime.parks_doubt
                or _lasting_conflict(requests, history)
                or _shares_a_request_with_poison(number, history)
            )
        case Code.MAY_HAVE_TAKEN_EFFECT:
            # Nobody knows how long a request marked as restored has been in doubt, so its key
            # counts as forgotten; and if an event has shown an effect, it is not sent again.
            is_shown = number in history.forgotten.marked and regime.confirmed_within_s is not None
            return regime.parks_doubt or is_shown
        case _:
            return False


def _first(reason: Reason) -> str:
    """Its first detail; a release that this checker never met may tell none."""
    return reason.details[0] if reason.details else ""


def _is_beside_what_kills_write(number: int, history: History) -> bool:
    """Its request was never sent, since another event of it kills each writer that receives it."""
    if history.ending.stumble != "kills write":
        return False
    abandoned = [
        numbers_of(document)
        for name, document in history.documents.items()
        if name.startswith("review/")
        and read_reason(json.loads(document)["reason"]).code is Code.ABANDONED
    ]
    return any(number in numbers and numbers & history.stuck for numbers in abandoned)


def _lasting_conflict(requests: set[str], history: History) -> bool:
    return any(history.conflicts.get(key, 0) > 3_600 for key in requests)


def _shares_a_request_with_poison(number: int, history: History) -> bool:
    poison = {fact.number for fact in history.facts if fact.kind == "poison"}
    return any(
        number in numbers and numbers & poison
        for numbers in (numbers_of(call.body.decode()) for call in history.calls)
    )
