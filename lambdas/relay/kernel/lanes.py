"""Lanes: requests that an agent waits for go before those that can wait until tomorrow.

A route's lane is sealed into its batches. Each lane has its own queue between dedup and write, and
a share of every window of Genesys' rate limit, which the other lanes leave to it
(genesys/shares.py). A lane affects only when a message is sent: the message is claimed, written and
accounted for like any other.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from lambdas.relay.kernel.limits import QUEUES

Lane = Literal["first", "normal", "last"]
LANES: tuple[Lane, ...] = get_args(Lane)


def writes_queue(lane: Lane) -> str:
    """The lane's queue before write. Without lanes, only that of the normal lane is used."""
    return "writes" if lane == "normal" else f"writes-{lane}"


#: the queues that lanes add to those of `limits.QUEUES`
LANE_QUEUES: Mapping[str, str] = {writes_queue(lane): "write" for lane in LANES if lane != "normal"}


def queues(*, has_lanes: bool) -> Mapping[str, str]:
    """Every queue, and the verb of the function that takes its messages."""
    return {**QUEUES, **LANE_QUEUES} if has_lanes else QUEUES


def without_lane(queue: str) -> str:
    """The queue of `limits.QUEUES` with the same limits and the same kind of messages."""
    return "writes" if queue in LANE_QUEUES else queue


def variable(queue: str) -> str:
    """A queue's part of an environment variable's name: `writes-first` becomes WRITES_FIRST."""
    return queue.upper().replace("-", "_")


def title(queue: str) -> str:
    """A queue's part of a resource's or output's name: `writes-first` becomes WritesFirst."""
    return "".join(part.capitalize() for part in queue.split("-"))
