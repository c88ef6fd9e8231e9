"""Participant attributes: what agents and flows see of a conversation, one participant a request.

`PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes` (SDK
ConversationsApi) merges, so a repetition changes nothing more. Values must be texts.
"""

from lambdas.relay.destinations.kind import Kind

KIND = Kind(
    name="participant-attributes",
    method="PATCH",
    path="/api/v2/conversations/{conversation_id}/participants/{participant_id}/attributes",
    path_values={"conversation_id": "conversation_id", "participant_id": "body.participantId"},
    shape="single",
    items=1,
    items_max=1,
    required=("attributes",),
    is_repeatable=True,
)
