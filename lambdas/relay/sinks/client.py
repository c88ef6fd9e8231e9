"""What a writer needs from a destination's client."""

from collections.abc import Mapping
from typing import Protocol

from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.genesys.client import Posted
from lambdas.relay.messages.sealing import Batch


class Client(Protocol):
    """Sends batches: an attempt is one call, under the batch's id."""

    def post(self, batch: Batch, destination: Destination) -> Posted:
        """Sends a batch once. Raises Transient if it certainly was not sent."""
        ...


Clients = Mapping[Service, Client]
