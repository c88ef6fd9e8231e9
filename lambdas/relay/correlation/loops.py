"""Limits every loop: events of a kind that our own writes cause may lead to a limited number of
writes for one conversation or entity, per time and in total. Requests beyond that wait for a
person.

The loop guard recognises echoes, so that none becomes a write. This module is for the case that it
fails: a mapping that writes another value each time to an endpoint that shows another value than
was written, or an echo without a time that comes hours late. A fast loop is stopped within minutes,
a slow one by the total. If such a request carries several events, all of them wait.
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
#: few instances count for one conversation at the same time
TRIES = 5
ADVICE = (
    "Look at the conversation in Genesys and at the route that took this event: what it writes "
    "causes the next event. Correct the route, then resolve these as discarded or as again."
)


def is_loop(
    batch: Batch, confirmations: Mapping[str, Confirmation], ledger: Ledger, now_ms: int
) -> bool:
    """Counts the writes of a batch that can cause events like those that led to them; returns
    whether there are too many. Raises Transient. A batch that is counted twice after an aborted run
    only stops a loop a little sooner."""
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
    """The subject of a loop: the conversation, or the entity that the event names, whose id Genesys
    made."""
    entity = "" if event.conversation_id else impersonal(facts.entity)
    return (entity or event.owner).lower()


def _counted(subject: str, more: int, ledger: Ledger, now_ms: int) -> tuple[int, int]:
    """The writes for this subject in this window and in total, including these."""
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
            window = before["window"]  # another instance's clock is ahead of ours
        else:
            guard = Guard(frozenset({STATE}), same={"window": before["window"]})
            moved = Change(put={"window": window, "lately": more}, add={"writes": more})
            if ledger.change(pk, SORT_KEY, guard, moved).applied:
                return more, before["writes"] + more
    raise Transient(Code.CONTENDED(pk))
