"""A loop ends, whatever goes wrong: a conversation's events of the kind that our own writes cause
can bring about so many writes in a time and no more. What is beyond that waits for a person.

The loop guard knows our echoes and lets none of them become a write. This is for the day on which
it is wrong: a mapping that writes another value each time, say, to an endpoint that shows another
value than was written. Where such requests carry several events, all of them wait.
"""

from collections import Counter
from collections.abc import Mapping

from lambdas.relay.destinations.correlation import Confirmation, read_facts
from lambdas.relay.kernel.limits import LOOP_WINDOW_S, LOOP_WRITES_MAX
from lambdas.relay.kernel.ports import Change, Guard, Ledger
from lambdas.relay.messages.sealing import Batch

STATE = "COUNTING"
ADVICE = (
    "Look at the conversation in Genesys and at the route that took this event: it writes what "
    "causes the next one. Mend the route; then resolve these as discarded, or as again."
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
        event.owner.lower()
        for event in batch.events
        if any(c.causes(read_facts(event).detail_type) for c in confirmations.values())
    )
    return any(
        _counted(owner, more, ledger, now_ms) > LOOP_WRITES_MAX for owner, more in counts.items()
    )


def _counted(owner: str, more: int, ledger: Ledger, now_ms: int) -> int:
    """Writes of this conversation in this window, these included."""
    window = now_ms // (LOOP_WINDOW_S * 1000)
    pk, sk = f"M#loop#{owner}", f"{window}"
    counting = Guard(frozenset({STATE})), Change(add={"writes": more})
    for _ in range(2):
        before = ledger.change(pk, sk, *counting).before
        if before is not None:
            return int(before["writes"]) + more
        expires_at = (window + 2) * LOOP_WINDOW_S
        item = {"pk": pk, "sk": sk, "state": STATE, "writes": more, "expires_at": expires_at}
        if ledger.insert([item])[0].applied:
            return more
    return more  # met itself
