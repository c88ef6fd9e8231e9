"""Lanes: what an agent waits for does not stand behind what nobody looks at before tomorrow.

The lane of a route is sealed into its batches. Each lane has a queue of its own between dedup and
write, and of every window of Genesys' rate limit a share that the others leave to it
(genesys/shares.py). A lane is about time alone: whatever a lane does to a message, it is
claimed, written and accounted for as any other.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from lambdas.relay.kernel.limits import QUEUES

Lane = Literal["first", "normal", "last"]
LANES: tuple[Lane, ...] = get_args(Lane)


def writes_queue(lane: Lane) -> str:
    """The queue that leads to write: what goes without lanes is the normal lane's."""
    return "writes" if lane == "normal" else f"writes-{lane}"


#: the queues that exist where there are lanes, beside those of `limits.QUEUES`
LANE_QUEUES: Mapping[str, str] = {writes_queue(lane): "write" for lane in LANES if lane != "normal"}


def queues(*, has_lanes: bool) -> Mapping[str, str]:
    """Every queue, and the verb of the function that takes its messages."""
    return {**QUEUES, **LANE_QUEUES} if has_lanes else QUEUES


def without_lane(queue: str) -> str:
    """The queue of `limits.QUEUES` that has the same limits, and the same messages."""
    return "writes" if queue in LANE_QUEUES else queue


def variable(queue: str) -> str:
    """A queue in the names of environment variables: `writes-first` is WRITES_FIRST."""
    return queue.upper().replace("-", "_")


def title(queue: str) -> str:
    """A queue in the names of resources and outputs: `writes-first` is WritesFirst."""
    return "".join(part.capitalize() for part in queue.split("-"))
