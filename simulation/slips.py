"""A person's slips in the console: the wrong queue, the wrong choice, an edit, a copy, a purge."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from lambdas.relay.kernel.ports import Outgoing
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
    """Messages and dead letters are redriven into another function's queue, copied, or sent anew
    with attributes of one's own; the claimed batches are purged. What is purged from the queues
    before them is lost, and nobody promises otherwise (docs/guarantees.md)."""

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
    for name in names:
        if fault_plan.strikes("redrive by default"):
            at_some_time(queues[f"{name}-dead"].redrive_to_source)
        for place in (name, f"{name}-dead"):
            if fault_plan.strikes("message copied"):
                at_some_time(lambda queue=queues[place]: _copy(queue))  # type: ignore[misc]
            if fault_plan.strikes("attributes edited"):
                at_some_time(lambda queue=queues[place]: _edit(queue))  # type: ignore[misc]


def _copy(queue: StoredQueue) -> None:
    for message in list(queue.messages.values()):
        queue.send(Outgoing(message.body, message.attributes))


def _edit(queue: StoredQueue) -> None:
    for message in list(queue.messages.values()):
        del queue.messages[message.message_id]
        queue.send(Outgoing(message.body, {"redrives": "many", "first_seen": "yesterday"}))
