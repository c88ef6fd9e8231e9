"""Participant attributes: data of a conversation that agents and flows see, one participant per
request.

`PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes` (SDK
ConversationsApi) merges, so a repetition changes nothing. Values must be strings.
"""

from collections.abc import Mapping
from typing import Literal

from lambdas.relay.destinations.conversations import TOPIC, TRUTH_PATH
from lambdas.relay.destinations.correlation import (
    CONVERSATION,
    SIMPLE_WINDOW_S,
    Confirmation,
    Place,
)
from lambdas.relay.destinations.kind import Kind, Setting
from lambdas.relay.destinations.results import object_answer
from lambdas.relay.destinations.truth import Comparison, Truth, contains
from lambdas.relay.kernel.canonical import Json


def compare(document: Json, expected: Mapping[str, Json]) -> Comparison:
    """Whether some participant of the conversation has the attributes that were to be set."""
    wanted = expected.get("attributes", {})
    participants = document.get("participants", []) if isinstance(document, dict) else []
    shown = [p.get("attributes") or {} for p in participants if isinstance(p, dict)]
    if any(contains(attributes, wanted) for attributes in shown):
        return "agrees"
    return "differs" if any(set(wanted) & set(attributes) for attributes in shown) else "absent"


KIND = Kind(
    name="participant-attributes",
    method="PATCH",
    path="/api/v2/conversations/{conversation_id}/participants/{participant_id}/attributes",
    path_values={"conversation_id": "conversation_id", "participant_id": "body.participantId"},
    settings={
        "path_values": Setting(
            "a table of JMESPath expressions for conversation_id and participant_id",
            dict[Literal["conversation_id", "participant_id"], str],
        )
    },
    shape="single",
    items=1,
    items_max=1,
    required=("attributes",),
    read_results=object_answer,
    is_repeatable=True,
    # Of the events of a conversation that the relay did not create, only one is an echo, and it
    # shows the attributes.
    confirmation=Confirmation(
        match="conversation",
        topics=(f"{TOPIC}attributes",),
        window_s=SIMPLE_WINDOW_S,
        key=CONVERSATION,
        owned=False,
        shows=("attributes",),
        place=Place("participantId", after="participants"),
        truth=Truth(TRUTH_PATH, compare),
    ),
)
