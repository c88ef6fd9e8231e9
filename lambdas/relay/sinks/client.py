"""What a writer needs of whatever takes its batches."""

from collections.abc import Mapping
from typing import Protocol

from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.genesys.client import Posted
from lambdas.relay.messages.sealing import Batch


class Client(Protocol):
    """One attempt is one request, under the batch's own id."""

    def post(self, batch: Batch, destination: Destination) -> Posted:
        """Sends a batch once. Raises Transient where it certainly was not sent."""
        ...


Clients = Mapping[Service, Client]
