"""Shares: what of a window's slots the lanes leave to one another.

A lane finds free, whenever it comes, what it is likely to need in this window, and never more than
its share. So a flood in one lane takes the slots that nobody else uses, and no lane starves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.relay.kernel.lanes import LANES, Lane

#: of a window's slots, the most that the other lanes leave to a lane
SHARE: Mapping[Lane, float] = {"first": 0.5, "normal": 0.3, "last": 0.1}
#: what they leave, within its share, to a lane that had no need of any in the window before
KEPT_FOR_IDLE = 0.05
#: they leave so many times what it used in the window before, since its need may grow
KEPT_FOR_BUSY = 2


@dataclass(frozen=True, slots=True)
class Used:
    """Slots that a lane has taken of this window, and of the one before."""

    now: int
    before: int


def left(room: int, used: Mapping[Lane, Used], lane: Lane) -> int:
    """Of `room` free slots, those that a lane may take: what is owed to no other. Where somebody
    else uses our client and there are too few for all, lanes come in their order."""
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
