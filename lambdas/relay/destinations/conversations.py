"""Conversations: one tracked request that makes one, and an event that tells of it.

`POST /api/v2/conversations/calls` (SDK ConversationsApi, model CreateCallRequest) rings somebody's
telephone; `path` may name `.../callbacks` or another one instead. Genesys chooses the
conversation's id: its answer gives it, and the events name it; no request can choose it. What rings
or writes to somebody is not repeated: an unknown outcome is a person's, unless `unknown =
"repost"` is said.
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

#: what the events of conversations are called
TOPIC = "v2.detail.events.conversation.{id}."
#: `GET /api/v2/conversations/{conversationId}` (SDK ConversationsApi.get_conversation)
TRUTH_PATH = "/api/v2/conversations/{key}"
#: SDK ConversationsApi.delete_conversation: "disconnecting all of the participants", whatever the
#: medium. (`.../disconnect` is for conversations that are out of joint, its own text says.)
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
    # One request creates one conversation, whose id the answer gives.
    confirmation=Confirmation(
        match="conversation",
        topics=(f"{TOPIC}customer.start", "conversation:created"),
        window_s=ROUTED_WINDOW_S,
        follows=(f"{TOPIC}customer.end", "routing:assigned", "conversation:*"),
        key=ANSWER,
        # It makes the conversation, not what becomes of it: the customer who comes back is news.
        owned=False,
        truth=Truth(TRUTH_PATH, stands),
    ),
    cancel=CANCEL,
    adapt=with_path,
)
