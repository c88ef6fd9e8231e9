"""Sends a claimed batch to the queue of its lane."""

from collections.abc import Mapping, Sequence

from lambdas.relay.kernel.lanes import Lane
from lambdas.relay.kernel.ports import Outbox, Outgoing
from lambdas.relay.messages.glimpse import lane_of


class ByLane:
    """Implements relay.kernel.ports.Outbox for the batches of every lane."""

    def __init__(self, queues: Mapping[Lane, Outbox]) -> None:
        self._queues = queues

    def send(self, messages: Sequence[Outgoing]) -> None:
        """If it fails half way, repeating it is harmless, like any repeated sending."""
        for lane, queue in self._queues.items():
            own = [message for message in messages if lane_of(message.body) == lane]
            if own:
                queue.send(own)
