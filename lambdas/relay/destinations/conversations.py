"""Conversations: one tracked request that makes one, and an event that tells of it.

`POST /api/v2/conversations/calls` (SDK ConversationsApi, model CreateCallRequest) rings somebody's
telephone; `path` may name `.../callbacks` or another one instead. Genesys chooses the
conversation's id: its answer gives it, and the events name it; no request can choose it. What rings
or writes to somebody is not repeated: an unknown outcome is a person's, unless `unknown =
"repost"` is said.
"""

from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, section_path
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.destinations.results import created_answer


def with_path(destination: Destination, section: Section, where: str) -> Destination:
    """`path`: the endpoint that makes the conversation."""
    return replace(destination, path=section_path(section, destination.path, where))


KIND = Kind(
    name="conversations",
    path="/api/v2/conversations/calls",
    options=("path",),
    shape="single",
    items=1,
    items_max=1,
    read_results=created_answer,
    reaches_people=True,
    adapt=with_path,
)
