"""Requests that create a conversation: calls, callbacks, e-mails, messages. Each creates one.

SDK ConversationsApi: post_conversations_calls, _callbacks, _emails, _messages, _messages_agentless.
Genesys chooses the conversation's id, which only the answer and the events contain; each kind of
answer has it in a different place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.caused import Draft, iso
from simulator.endpoints.conversations import detail_event
from simulator.endpoints.shape import Call, Write, mapping
from simulator.error_body import Refused
from simulator.items import Item, Verdict, digest
from simulator.messages import Reply
from simulator.references import missing


@dataclass(frozen=True, slots=True)
class Making:
    """`one_of`: the members of which the SDK's prose requires one. `attributes`: the member that
    the customer's attributes come from. `tells`: makes the answer from the conversation's id."""

    name: str
    path: str
    permission: str
    medium: str
    status: int
    one_of: tuple[str, ...]
    attributes: str
    tells: Callable[[str], dict[str, Any]]

    def read(self, call: Call) -> list[Item]:
        body = mapping(call.json, "body")
        if self.one_of and not any(body.get(name) for name in self.one_of):
            raise Refused(400, f"One of {', '.join(self.one_of)} is required")
        if call.assumptions.named_ids_must_exist:
            for kind, id_ in missing(call.org, body):
                raise Refused(404, f"No {kind} {id_}")
        return [Item(0, digest(body), body, False, None)]

    def apply(self, call: Call, item: Item) -> list[Draft]:
        participant_id = call.new_id()
        conversation = call.org.begin_conversation(call.new_id(), [participant_id], iso(call.now))
        [participant] = conversation["participants"]
        said = item.content.get(self.attributes) or {}
        participant |= {"purpose": "customer", "attributes": dict(said)}
        call.org.conversations_made[item.id] = conversation["id"]
        ids = {"participantId": participant_id, "sessionId": call.new_id(), "direction": "OUTBOUND"}
        return [detail_event(call, conversation["id"], "customer.start", ids, self.medium)]

    def answer(self, call: Call, verdicts: Sequence[Verdict]) -> Reply:
        made = call.org.conversations_made.get(verdicts[0].item.id) or call.new_id()
        return Reply(self.status, self.tells(made))


def _itself(made: str) -> dict[str, Any]:
    return {"id": made, "selfUri": f"/api/v2/conversations/{made}"}


def _inside(made: str) -> dict[str, Any]:
    return {"conversation": _itself(made), "callbackIdentifiers": []}


def _beside(made: str) -> dict[str, Any]:
    """The message has an id of its own, which is not a conversation's."""
    return {"id": digest(made)[:32], "conversationId": made}


_CONVERSATIONS = "/api/v2/conversations"
MAKINGS = (
    Making(
        "conversations",
        f"{_CONVERSATIONS}/calls",
        "conversation:conference:add",
        "VOICE",
        202,
        ("phoneNumber", "callUserId", "callQueueId", "participants", "conversationIds"),
        "attributes",
        _itself,
    ),
    Making(
        "callbacks",
        f"{_CONVERSATIONS}/callbacks",
        "conversation:callback:create",
        "CALLBACK",
        202,
        ("queueId", "routingData"),
        "data",
        _inside,
    ),
    Making(
        "emails",
        f"{_CONVERSATIONS}/emails",
        "conversation:email:create",
        "EMAIL",
        202,
        (),
        "attributes",
        _itself,
    ),
    Making(
        "messages",
        f"{_CONVERSATIONS}/messages",
        "conversation:message:create",
        "MESSAGE",
        202,
        (),
        "",
        _itself,
    ),
    Making(
        "agentless-messages",
        f"{_CONVERSATIONS}/messages/agentless",
        "conversation:message:create",
        "MESSAGE",
        202,
        (),
        "",
        _beside,
    ),
)
ENDPOINTS = tuple(
    Write(
        making.name,
        "POST",
        making.path,
        max_items=1,
        whole_batch=True,
        causes_events=True,
        read=making.read,
        apply=making.apply,
        answer=making.answer,
        permissions=(making.permission,),
    )
    for making in MAKINGS
)
