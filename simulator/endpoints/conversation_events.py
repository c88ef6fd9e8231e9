"""Bring your own interactions: typed lists of conversation events, errors by `eventId`.

SDK EventsApi.post_events_conversations, models BatchConversationEventRequest, BatchEventResponse.
That such conversations come back on EventBridge is an assumption; no document says so.
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft, iso
from simulator.endpoints.conversations import detail_event
from simulator.endpoints.shape import Call, Write, mapping, mappings, text
from simulator.error_body import Refused
from simulator.items import Item, Rejection, Verdict, digest
from simulator.messages import Reply

_BOTH = (
    "EndTransferEvents",
    "ProgressTransferEvents",
    "RoutingTransferEvents",
    "UserTransferEvents",
    "CommunicationAnsweredEvents",
    "CommunicationDispositionAppliedEvents",
    "HoldUpdatedEvents",
    "ExternalEstablishedEvents",
    "RoutingEstablishedEvents",
    "UserEstablishedEvents",
    "CommunicationEndedEvents",
)
_VOICE = (
    "phoneTransferEvents",
    "ivrEstablishedEvents",
    "phoneEstablishedEvents",
    "audioUpdatedEvents",
    "consultTransferEvents",
    "progressConsultTransferEvents",
    "endConsultTransferEvents",
)
_EMAIL = (
    "emailBeginTransmittingEvents",
    "emailFlowEstablishedEvents",
    "emailCommunicationSentMessageEvents",
)
LISTS = frozenset(
    [name[0].lower() + name[1:] for name in _BOTH]
    + [f"email{name}" for name in _BOTH]
    + [*_VOICE, *_EMAIL]
)
_TOPICS = {  # an assumption, see above
    "externalEstablishedEvents": "customer.start",
    "routingEstablishedEvents": "acd.start",
    "userEstablishedEvents": "user.start",
    "communicationDispositionAppliedEvents": "wrapup",
    "communicationEndedEvents": "customer.end",
}


def _read(call: Call) -> list[Item]:
    body = mapping(call.json, "body")
    unknown = sorted(set(body) - LISTS)
    if unknown:
        raise Refused(400, f"Unknown list of events {unknown[0]}")
    pairs = [(name, event) for name in body for event in mappings(body[name], name)]
    if not pairs:
        raise Refused(400, "The batch contains no events")
    return [
        Item(
            index,
            text(event.get("eventId")) or digest(event),
            {"list": name, "event": event},
            False,
            _problem(event),
        )
        for index, (name, event) in enumerate(pairs)
    ]


def _problem(event: dict[str, Any]) -> Rejection | None:
    for name in ("eventId", "eventDateTime", "conversationId"):
        if not text(event.get(name)):
            return Rejection(400, f"Missing required field {name}", False)
    return None


def _apply(call: Call, item: Item) -> list[Draft]:
    event = item.content["event"]
    conversation = call.org.begin_conversation(event["conversationId"], (), iso(call.now))
    name = item.content["list"].removeprefix("email")
    topic = _TOPICS.get(name[0].lower() + name[1:])
    if topic == "customer.end":
        conversation["state"] = "disconnected"
    if topic is None or not call.assumptions.brought_conversations_come_back:
        return []
    session = text(event.get("communicationId")) or event["conversationId"]
    medium = "EMAIL" if item.content["list"].startswith("email") else "VOICE"
    return [detail_event(call, conversation["id"], topic, {"sessionId": session}, medium)]


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    errors = [
        {
            "eventId": text(verdict.item.content["event"].get("eventId")),
            "message": verdict.rejection.message,
            "retryable": verdict.rejection.retryable,
        }
        for verdict in verdicts
        if verdict.rejection is not None
    ]
    return Reply(200, {"errors": errors})


ENDPOINTS = (
    Write(
        "conversation-events",
        "POST",
        "/api/v2/events/conversations",
        max_items=None,
        whole_batch=False,
        causes_events=True,
        read=_read,
        apply=_apply,
        answer=_answer,
        permissions=("conversation:conversation:inject",),
    ),
)
