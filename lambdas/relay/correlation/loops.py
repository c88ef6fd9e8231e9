"""A loop ends, whatever goes wrong: the events of one conversation or entity, of the kind that our
own writes cause, can bring about so many writes in a time, and so many in all. What is beyond that
waits for a person.

The loop guard knows our echoes and lets none of them become a write. This is for the day on which
it is wrong: a mapping that writes another value each time, say, to an endpoint that shows another
value than was written, or an echo without a moment that comes hours late. A fast loop is stopped in
minutes; one that turns as slowly as people do, by what it has come to in all. Where such requests
carry several events, all of them wait.
"""

from collections import Counter
from collections.abc import Mapping

from lambdas.relay.destinations.correlation import Confirmation, Facts, read_facts
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import (
    CLAIM_TTL_S,
    LOOP_WINDOW_S,
    LOOP_WRITES_IN_ALL_MAX,
    LOOP_WRITES_MAX,
)
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.ports import Change, Guard, Ledger
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch, SealedEvent

STATE = "COUNTING"
SORT_KEY = "writes"
#: instances that count for one conversation at the same moment are few
TRIES = 5
ADVICE = (
    "Look at the conversation in Genesys and at the route that took this event: what it writes "
    "causes the next event. Correct the route, then resolve these as discarded or as again."
)


def is_loop(
    batch: Batch, confirmations: Mapping[str, Confirmation], ledger: Ledger, now_ms: int
) -> bool:
    """Counts the writes of a batch that can cause events such as brought them about; whether these
    are too many by now. Raises Transient. A batch that is counted twice, since a run was cut off,
    ends a loop a little sooner."""
    if batch.target.destination not in confirmations:
        return False  # its writes cause no event
    counts = Counter(
        _subject(event, facts)
        for event in batch.events
        if (facts := read_facts(event)).detail_type
        and any(c.causes(facts.detail_type) for c in confirmations.values())
    )
    counted = [_counted(subject, more, ledger, now_ms) for subject, more in counts.items()]
    return any(
        lately > LOOP_WRITES_MAX or in_all > LOOP_WRITES_IN_ALL_MAX for lately, in_all in counted
    )


def _subject(event: SealedEvent, facts: Facts) -> str:
    """What goes round: the conversation, or where there is none the thing that the event names."""
    return (impersonal(event.conversation_id or facts.entity) or event.owner).lower()


def _counted(subject: str, more: int, ledger: Ledger, now_ms: int) -> tuple[int, int]:
    """Writes of this subject in this window, and in all that is remembered, these included."""
    pk, window = f"M#loop#{subject}", now_ms // (LOOP_WINDOW_S * 1000)
    for _ in range(TRIES):
        guard = Guard(frozenset({STATE}), same={"window": window})
        added = ledger.change(pk, SORT_KEY, guard, Change(add={"writes": more, "lately": more}))
        before = added.before
        if added.applied and before is not None:
            return before["lately"] + more, before["writes"] + more
        if before is None:
            item = {
                "pk": pk, "sk": SORT_KEY, "state": STATE, "window": window, "lately": more,
                "writes": more, "expires_at": now_ms // 1000 + CLAIM_TTL_S,
            }  # fmt: skip
            if ledger.insert([item])[0].applied:
                return more, more
        elif before["window"] > window:
            window = before["window"]  # another clock is ahead of ours
        else:
            guard = Guard(frozenset({STATE}), same={"window": before["window"]})
            moved = Change(put={"window": window, "lately": more}, add={"writes": more})
            if ledger.change(pk, SORT_KEY, guard, moved).applied:
                return more, before["writes"] + more
    raise Transient(Code.CONTENDED(pk))
