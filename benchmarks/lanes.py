"""Lanes under a flood: how long urgent requests wait while analytics requests wait, too."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import relay
from benchmarks.measuring import requests_of
from benchmarks.row import Row
from benchmarks.world import START_MS, World
from lambdas.relay.kernel.lanes import LANES, Lane, writes_queue
from lambdas.relay.kernel.limits import GENESYS_REQUESTS_PER_MINUTE

WRITERS = 4
#: analytics batches, all of them waiting at the beginning
FLOOD_BATCHES = 2_000
#: an urgent event arrives this often (seconds), each time in a batch of its own
EVERY_S = 5.0
END_S = 6 * 3600
#: the goals: the urgent batches' wait, and the share of Genesys' permitted requests used
FIRST_P95_MAX_S = 5.0
USED_SHARE_MIN = 0.85


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds from dedup to Genesys for each urgent batch, and how much of Genesys' limit was used
    while more requests waited than it permits."""

    beside_s: Sequence[float]
    used_share: float
    #: batches of the flood that were written
    flood: int

    @property
    def p95_s(self) -> float:
        return sorted(self.beside_s)[math.ceil(0.95 * len(self.beside_s)) - 1]


def waited(
    *,
    has_lanes: bool = True,
    flood: int = FLOOD_BATCHES,
    flooded: Lane = "last",
    beside: Lane = "first",
) -> Waited:
    """Runs until one lane's flood is written; the urgent batches are in another lane."""
    world = World()
    relay.start_writers(world, WRITERS, lanes=LANES if has_lanes else ("normal",))
    queue = writes_queue(flooded) if has_lanes else "writes"
    relay.enqueue_claimed(world, relay.batches(world, range(flood), 1), queue)
    sent_s: dict[str, float] = {}

    def arrive(number: int) -> None:
        if not world.queue(queue).messages:
            return
        (batch,) = relay.batches(world, [flood + number], 1)
        sent_s[batch.batch_id] = world.now_s
        relay.enqueue_claimed(world, [batch], writes_queue(beside) if has_lanes else "writes")
        world.at_s(world.now_s + EVERY_S, lambda: arrive(number + 1))

    world.at_s(EVERY_S, lambda: arrive(0))
    world.run(
        lambda: not any(q.messages for q in world.queues.values()) and world.scheduler.live == 0,
        END_S,
    )
    posts = [(entry.at - START_MS / 1000, entry.key) for entry in requests_of(world)]
    took_s = posts[-1][0]
    return Waited(
        [at_s - sent_s[key] for at_s, key in posts if key in sent_s],
        len(posts) / (GENESYS_REQUESTS_PER_MINUTE * took_s / 60),
        sum(key not in sent_s for _, key in posts),
    )


def rows(flood: int = FLOOD_BATCHES) -> Iterator[Row]:
    ours, without = waited(flood=flood), waited(flood=flood, has_lanes=False)
    name = f"lane first, {flood:,} batches of lane last waiting"
    yield Row(
        f"{name}: p95 until written",
        "s",
        "lower",
        ours.p95_s,
        {"one queue": without.p95_s},
        0.0,
        FIRST_P95_MAX_S,
    )
    yield Row(
        f"{name}: permitted requests used",
        "share",
        "higher",
        ours.used_share,
        {"one queue": without.used_share},
        1.0,
        USED_SHARE_MIN,
    )
