"""What the functions behind a queue have in common."""

from collections.abc import Callable, Sequence

from lambdas.relay.assembly.settings import Settings
from lambdas.relay.deliveries import Disposition, Post, settle_each
from lambdas.relay.ports import Delivery, Ports

#: takes an invocation's messages and when it ends (ms); returns the ids of those that stay
Consumer = Callable[[Sequence[Delivery], int], list[str]]


def post_of(queue: str, ports: Ports, settings: Settings) -> Post:
    """A function's place at its queue."""
    return Post(
        source=ports.queue(queue),
        dead=ports.queue(f"{queue}-dead"),
        vault=ports.vault,
        clock=ports.clock,
        chance=ports.chance,
        telemetry=ports.telemetry,
        receives_max=settings.receives_max(queue),
    )


def one_by_one(act: Callable[[Delivery, int], Disposition], post: Post) -> Consumer:
    """A function whose messages have nothing to do with one another."""
    return lambda arrived, deadline_ms: settle_each(
        arrived, lambda delivery: act(delivery, deadline_ms), post
    )
