"""Conversations: a call, which makes one, their read-back, participants' attributes.

SDK ConversationsApi: post_conversations_calls (models CreateCallRequest, CreateCallResponse),
get_conversation, patch_conversation_participant_attributes. A call's conversation has an id of
Genesys' choice, which only the answer and the events tell.
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft, iso
from simulator.endpoints.shape import Call, Plain, Write, found, mapping
from simulator.error_body import Refused
from simulator.items import Item, Verdict, digest
from simulator.messages import Reply

#: a call needs one of these to know whom to ring (SDK, CreateCallRequest)
CALLED = ("phoneNumber", "callUserId", "callQueueId", "participants", "conversationIds")


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


def _read_call(call: Call) -> list[Item]:
    body = mapping(call.json, "body")
    if not any(body.get(name) for name in CALLED):
        raise Refused(400, f"One of {', '.join(CALLED)} is required")
    return [Item(0, digest(body), body, False, None)]


def _apply_call(call: Call, item: Item) -> list[Draft]:
    participant_id = call.new_id()
    conversation = call.org.begin_conversation(call.new_id(), [participant_id], iso(call.now))
    [participant] = conversation["participants"]
    participant |= {"purpose": "customer", "attributes": dict(item.content.get("attributes", {}))}
    call.org.conversations_made[item.id] = conversation["id"]
    ids = {"participantId": participant_id, "sessionId": call.new_id(), "direction": "OUTBOUND"}
    return [detail_event(call, conversation["id"], "customer.start", ids, "VOICE")]


def _answer_call(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    made = call.org.conversations_made.get(verdicts[0].item.id) or call.new_id()
    return Reply(202, {"id": made, "selfUri": f"/api/v2/conversations/{made}"})


def _conversation(call: Call) -> Reply:
    return Reply(200, _named(call))


def _named(call: Call) -> Any:
    return found(call.org.conversations, call.params["conversationId"], "Conversation")


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
    return Reply(204, None)


ENDPOINTS = (
    Write(
        "conversations",
        "POST",
        "/api/v2/conversations/calls",
        max_items=1,
        whole_batch=True,
        causes_events=True,
        read=_read_call,
        apply=_apply_call,
        answer=_answer_call,
        permission="conversation:call:add",
    ),
    Plain("conversation", "GET", "/api/v2/conversations/{conversationId}", _conversation),
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
