"""Conversations: one tracked request that makes one, and an event that tells of it.

The SDK has no bare `POST /api/v2/conversations`, only `.../calls`, `.../callbacks` and so on:
`path` names the one that is meant. They answer with the conversation's `id`. Where the request may
choose the id (`conversationId` in the item), Genesys can be asked whether there is such a one.
"""

from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.canonical import Json
from lambdas.relay.destinations.destination import Destination, ReadBack, section_path
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.sealing import SealedEvent

CHOSEN = "conversationId"


def is_there(document: Json, event: SealedEvent) -> bool:
    """Whether the conversation that was read is the one that this request was to make."""
    return isinstance(document, dict) and bool(document.get("id"))


def with_path(destination: Destination, section: Section, where: str) -> Destination:
    """`path`, and a read-back where the mapping chooses the id."""
    path = section_path(section, destination.path, where)
    chooses = isinstance(destination.item, Mapping) and CHOSEN in destination.item
    if not chooses:
        return replace(destination, path=path)
    read_back = ReadBack("/api/v2/conversations/{conversationId}", is_there)
    return replace(destination, path=path, read_back=read_back, required=(CHOSEN,))


KIND = Kind(
    name="conversations",
    path="/api/v2/conversations",
    options=("path",),
    shape="single",
    items=1,
    items_max=1,
    item={CHOSEN: "id_v4", "externalTag": "identity"},
    adapt=with_path,
)
