"""Existing conversations: their read-back, participants' attributes.

SDK ConversationsApi: get_conversation, delete_conversation ("disconnecting all of the
participants"), patch_conversation_participant_attributes. They are created in
conversations_made.py.
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft
from simulator.endpoints.shape import Call, Plain, Write, found, mapping
from simulator.items import Item, Verdict
from simulator.messages import Reply


def detail_event(
    call: Call, conversation_id: str, topic: str, fields: dict[str, Any], media_type: str
) -> Draft:
    """An event of the topic `v2.detail.events.conversation.{id}.<topic>`; eventTime in ms."""
    body = {
        "eventTime": int(call.now * 1000),
        "conversationId": conversation_id,
        "mediaType": media_type,
        "direction": "INBOUND",
        **fields,
    }
    return Draft(f"v2.detail.events.conversation.{{id}}.{topic}", conversation_id, body)


def _conversation(call: Call) -> Reply:
    return Reply(200, _named(call))


def _named(call: Call) -> Any:
    return found(call.org.conversations, call.params["conversationId"], "Conversation")


def _disconnect(call: Call) -> Reply:
    conversation = _named(call)
    conversation["state"] = "disconnected"
    for participant in conversation["participants"]:
        participant["state"] = "disconnected"
    return Reply(204, None)


def _participant(call: Call) -> Any:
    participants = {each["id"]: each for each in _named(call)["participants"]}
    return found(participants, call.params["participantId"], "Participant")


def _read_attributes(call: Call) -> list[Item]:
    attributes = mapping(mapping(call.json, "body").get("attributes"), "attributes")
    _participant(call)
    item_id = f"{call.params['conversationId']}/{call.params['participantId']}"
    return [Item(0, item_id, attributes, True, None)]


def _apply_attributes(call: Call, item: Item) -> list[Draft]:
    participant = _participant(call)
    merged = participant.setdefault("attributes", {})
    merged.update(item.content)
    fields = {"participantId": participant["id"], "attributes": dict(merged)}
    return [detail_event(call, call.params["conversationId"], "attributes", fields, "VOICE")]


def _answer_attributes(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    """Genesys' command line calls the answer "Accepted", and no model describes it."""
    return Reply(202, None)


ENDPOINTS = (
    Plain(
        "conversation",
        "GET",
        "/api/v2/conversations/{conversationId}",
        _conversation,
        permissions=("conversation:communication:view",),
    ),
    Plain(
        "conversation-end",
        "DELETE",
        "/api/v2/conversations/{conversationId}",
        _disconnect,
        permissions=("conversation:communication:disconnect",),
    ),
    Write(
        "participant-attributes",
        "PATCH",
        "/api/v2/conversations/{conversationId}/participants/{participantId}/attributes",
        max_items=1,
        whole_batch=True,
        causes_events=True,
        read=_read_attributes,
        apply=_apply_attributes,
        answer=_answer_attributes,
    ),
)
