"""The design that composes requests of whatever a queue hands out together."""

from collections.abc import Sequence

from lambdas.relay.kernel.canonical import digest, short
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.messages.sealing import decode
from simulation.functions import Function, Instance
from simulation.rivals.client import NotTaken, PlainClient
from simulation.workload import read


def regrouping_function(instance: Instance) -> Function:
    """Chunks all events of its messages into one request, keyed by what is in it."""
    client = PlainClient(instance)

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        events = [event for delivery in deliveries for event in decode(delivery.body).events]
        key = short(digest(*(event.identity for event in events)), 26)
        try:
            client.post([read(event.item) for event in events], key)
        except (NotTaken, Transient, ValueError):
            return [delivery.message_id for delivery in deliveries]
        return []

    return run
