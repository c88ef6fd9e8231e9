"""Conversations: one tracked request creates one, and an event confirms it.

`POST /api/v2/conversations/calls` (SDK ConversationsApi, model CreateCallRequest) makes a telephone
ring; `path` may name `.../callbacks` or another endpoint instead. Genesys chooses the
conversation's id, which its answer gives and the events name; a request cannot choose it. Requests
that call or write to people are not repeated: after an unknown outcome a person decides, unless
`unknown = "repost"` is set.
"""

from dataclasses import replace

from lambdas.relay.destinations.correlation import (
    ANSWER,
    ROUTED_WINDOW_S,
    Compensation,
    Confirmation,
)
from lambdas.relay.destinations.destination import Destination, section_path
from lambdas.relay.destinations.kind import PATH, Kind, Section
from lambdas.relay.destinations.results import created_answer
from lambdas.relay.destinations.truth import Truth, stands

#: the detail-types of conversation events
TOPIC = "v2.detail.events.conversation.{id}."
#: `GET /api/v2/conversations/{conversationId}` (SDK ConversationsApi.get_conversation)
TRUTH_PATH = "/api/v2/conversations/{key}"
#: SDK ConversationsApi.delete_conversation: "disconnecting all of the participants", whatever the
#: medium. (`.../disconnect` is only for conversations in an inconsistent state, according to its
#: description.)
CANCEL = Compensation("DELETE", TRUTH_PATH, {})


def with_path(destination: Destination, section: Section, where: str) -> Destination:
    """`path`: the endpoint that makes the conversation."""
    return replace(destination, path=section_path(section, destination.path, where))


KIND = Kind(
    name="conversations",
    path="/api/v2/conversations/calls",
    settings={"path": PATH},
    shape="single",
    items=1,
    items_max=1,
    read_results=created_answer,
    reaches_people=True,
    # One request creates one conversation, whose id is in the answer.
    confirmation=Confirmation(
        match="conversation",
        topics=(f"{TOPIC}customer.start", "conversation:created"),
        window_s=ROUTED_WINDOW_S,
        follows=(f"{TOPIC}customer.end", "routing:assigned", "conversation:*"),
        key=ANSWER,
        # It creates the conversation but does not own its later events: a customer who comes back
        # is news.
        owned=False,
        truth=Truth(TRUTH_PATH, stands),
    ),
    cancel=CANCEL,
    adapt=with_path,
)
