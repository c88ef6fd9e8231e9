"""What all functions that read a queue have in common."""

from collections.abc import Callable, Sequence

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.kernel.lanes import LANES, writes_queue
from lambdas.relay.kernel.ports import Delivery, Outbox, Ports
from lambdas.relay.messages.by_lane import ByLane
from lambdas.relay.messages.consumer import Consumer, Disposition, settle_each
from lambdas.relay.routes.configuration import Configuration

#: takes an invocation's messages and when it ends (ms); returns the ids of those that stay
Function = Callable[[Sequence[Delivery], int], list[str]]


def consumer_of(queue: str, ports: Ports, settings: Settings) -> Consumer:
    """A function's place at its queue."""
    return Consumer(
        source=ports.queue(queue),
        dead=ports.queue(f"{queue}-dead"),
        vault=ports.vault,
        clock=ports.clock,
        entropy=ports.entropy,
        telemetry=ports.telemetry,
        receives_max=settings.receives_max(queue),
        reader=settings.configuration.reader,
    )


def writes_of(ports: Ports, configuration: Configuration) -> Outbox:
    """Where requests to write are sent."""
    if not configuration.has_lanes:
        return ports.queue("writes")
    return ByLane({lane: ports.queue(writes_queue(lane)) for lane in LANES})


def one_by_one(act: Callable[[Delivery, int], Disposition], consumer: Consumer) -> Function:
    """A function that handles each message separately."""
    return lambda arrived, deadline_ms: settle_each(
        arrived, lambda delivery: act(delivery, deadline_ms), consumer, deadline_ms
    )
