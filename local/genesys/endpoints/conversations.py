"""Conversations: one tracked request that creates one, its read-back, participant attributes.

`GET /api/v2/conversations/{id}` and the participant attributes are SDK ConversationsApi. The SDK
has no bare `POST /api/v2/conversations` (only .../calls, .../callbacks and so on); it stands here
for any of them and answers with their common part, `id` and `selfUri` (SDK CreateCallResponse).
"""

from collections.abc import Sequence
from typing import Any

from local.genesys.caused import Draft, iso
from local.genesys.endpoints.shape import Call, Plain, Write, mapping, text
from local.genesys.error_body import Refused
from local.genesys.items import Item, Rejection, Verdict, digest
from local.genesys.messages import Reply


def conversation_of(call: Call, conversation_id: str) -> dict[str, Any]:
    """The conversation, made where it is not there yet: events precede the simulator's start."""
    conversations = call.org.conversations
    if conversation_id not in conversations:
        conversations[conversation_id] = {
            "id": conversation_id,
            "startTime": iso(call.now),
            "participants": [],
            "state": "connected",
            "selfUri": f"/api/v2/conversations/{conversation_id}",
        }
    found: dict[str, Any] = conversations[conversation_id]
    return found


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


def _read_new(call: Call) -> list[Item]:
    body = mapping(call.json, "body")
    item_id = text(body.get("conversationId")) or text(body.get("externalTag"))
    return [Item(0, item_id or digest(body), body, False, None)]


def _apply_new(call: Call, item: Item) -> list[Draft]:
    wanted = text(item.content.get("conversationId"))
    conversation = conversation_of(call, wanted or call.new_id())
    participant = {"id": call.new_id(), "startTime": iso(call.now), "purpose": "customer"}
    conversation["participants"].append(participant)
    if text(item.content.get("externalTag")):
        conversation["externalTag"] = item.content["externalTag"]
    call.org.conversations_made[item.id] = conversation["id"]
    ids = {"participantId": participant["id"], "sessionId": call.new_id()}
    return [detail_event(call, conversation["id"], "customer.start", ids, "VOICE")]


def _answer_new(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    made = call.org.conversations_made.get(verdicts[0].item.id) or call.new_id()
    return Reply(202, {"id": made, "selfUri": f"/api/v2/conversations/{made}"})


def _conversation(call: Call) -> Reply:
    found = call.org.conversations.get(call.params["conversationId"])
    if found is None:
        raise Refused(404, "Conversation not found")
    return Reply(200, found)


def _read_attributes(call: Call) -> list[Item]:
    attributes = mapping(mapping(call.json, "body").get("attributes"), "attributes")
    wrong = [name for name, value in attributes.items() if not isinstance(value, str)]
    problem = Rejection(400, f"attributes.{wrong[0]} must be a string", False) if wrong else None
    item_id = f"{call.params['conversationId']}/{call.params['participantId']}"
    return [Item(0, item_id, attributes, True, problem)]


def _apply_attributes(call: Call, item: Item) -> list[Draft]:
    conversation = conversation_of(call, call.params["conversationId"])
    participant_id = call.params["participantId"]
    known = {participant["id"]: participant for participant in conversation["participants"]}
    if participant_id not in known:
        known[participant_id] = {"id": participant_id, "startTime": iso(call.now)}
        conversation["participants"].append(known[participant_id])
    merged = known[participant_id].setdefault("attributes", {})
    merged.update(item.content)
    fields = {"participantId": participant_id, "attributes": dict(merged)}
    return [detail_event(call, conversation["id"], "attributes", fields, "VOICE")]


def _answer_attributes(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    return Reply(204, None)


ENDPOINTS = (
    Write(
        "conversations",
        "POST",
        "/api/v2/conversations",
        max_items=1,
        whole_batch=True,
        causes_events=True,
        read=_read_new,
        apply=_apply_new,
        answer=_answer_new,
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
