"""Shares: how many of a window's slots the lanes leave to each other.

A lane always finds the slots free that it is likely to need in this window, up to its share. So a
flood in one lane uses only what the others do not need, and no lane starves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.relay.kernel.lanes import LANES, Lane

#: the largest part of a window's slots that the other lanes leave to a lane
SHARE: Mapping[Lane, float] = {"first": 0.5, "normal": 0.3, "last": 0.1}
#: what they leave, within its share, to a lane that used none in the previous window
KEPT_FOR_IDLE = 0.05
#: they leave this many times what it used in the previous window, since its need may grow
KEPT_FOR_BUSY = 2


@dataclass(frozen=True, slots=True)
class Used:
    """Slots that a lane took in this window and in the previous one."""

    now: int
    before: int


def left(room: int, used: Mapping[Lane, Used], lane: Lane) -> int:
    """How many of `room` free slots a lane may take: those that are not reserved for another lane.
    If another user of the client leaves too few for all, the lanes come in their order."""
    slots = room + sum(each.now for each in used.values())
    owed = {each: max(0, _need(each, use, slots) - use.now) for each, use in used.items()}
    sooner = sum(owed[each] for each in LANES[: LANES.index(lane)])
    others = sum(owed.values()) - owed[lane]
    return max(room - others, min(owed[lane], room - sooner))


def _need(lane: Lane, used: Used, slots: int) -> int:
    return min(
        int(SHARE[lane] * slots),
        max(int(KEPT_FOR_IDLE * slots), KEPT_FOR_BUSY * used.before, 1),
    )
