"""A person's slips in the console: the wrong queue, and a purge."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from simulation.fault_plan import FaultPlan
from simulation.memory.queues import StoredQueue

Later = Callable[[Callable[[], None]], None]


def plan(
    random: Random,
    fault_plan: FaultPlan,
    queues: Mapping[str, StoredQueue],
    names: Sequence[str],
    at_some_time: Later,
) -> None:
    """Messages and dead letters are redriven into another function's queue, and the claimed
    batches are purged. What is purged from the queues before them is lost, and nobody promises
    otherwise (docs/guarantees.md)."""

    def move(place: str, to: str) -> None:
        queues[place].redrive(queues[to], 1_000)

    for name in names:
        others = [other for other in names if other != name]
        if others and fault_plan.strikes("redrive astray"):
            to = random.choice(others)
            for place in (name, f"{name}-dead"):
                at_some_time(lambda p=place, t=to: move(p, t))  # type: ignore[misc]
    if fault_plan.strikes("purge"):
        at_some_time(queues["writes"].messages.clear)
