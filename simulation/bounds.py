"""What must be bounded: attempts, redrives, invocations, log lines, and time.

Checked where something never works again (endless.py), against independent numbers: nothing here is
read from the code under test.
"""

from collections import Counter
from collections.abc import Iterator

from simulation.history import History

#: the most attempts at a request with an unknown outcome
UNSURE_TRIES_MAX = 30
#: attempts per day that certainly have no effect (no connection, 403, 429), for all requests to a
#: destination together: one every two minutes
TRIES_A_DAY_MAX = 800
#: the most days until a person has it, and until nothing is left to be done
PERSON_DAYS_MAX, REST_DAYS_MAX = 10.0, 20.0
#: for each event that nothing works for: redrives, invocations, log lines
REDRIVES_MAX, INVOCATIONS_MAX, LINES_MAX = 60, 15_000, 15_000
#: what happens anyway, without any fault
USUAL = 2_000
_UNSURE = {"silent", "fails", "page", "answered 500", "never answered"}
_OPEN = {"SEALED", "OPEN"}


def exceeded(history: History) -> Iterator[str]:
    ending = history.ending
    if not ending.is_one:
        return
    tries = Counter(call.key for call in history.calls)
    most = max(tries.values(), default=0)
    if ending.silence not in _UNSURE and ending.stumble is None:
        allowed = TRIES_A_DAY_MAX * PERSON_DAYS_MAX
        if len(history.calls) > allowed + USUAL:
            yield f"{len(history.calls)} requests were made, not {allowed:.0f} at most"
    elif most > UNSURE_TRIES_MAX:
        yield f"a request whose outcome is unknown was made {most} times"
    count = max(1, len(history.stuck))
    for what, number, each in (
        ("redrives", history.redriven, REDRIVES_MAX),
        ("invocations", history.invocations, INVOCATIONS_MAX),
        ("lines in the logs", history.lines, LINES_MAX),
    ):
        if number > each * count + USUAL:
            yield f"{number} {what}, for {count} events that nothing works for"
    yield from _late(history)


def _late(history: History) -> Iterator[str]:
    if history.verdict_days > PERSON_DAYS_MAX:
        yield f"the last event was settled or with a person after {history.verdict_days:.1f} days"
    if history.days > REST_DAYS_MAX:
        yield f"there was work for {history.days:.1f} days"
    if history.days > PERSON_DAYS_MAX:
        waiting = [pk for (pk, _), item in history.items.items() if item.get("state") in _OPEN]
        if waiting:
            yield f"after {history.days:.1f} days nobody has {len(waiting)} of the requests"
