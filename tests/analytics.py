"""Conversations as Genesys' analytics record them (SDK: AnalyticsConversationWithoutAttributes)."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

QUEUE_ID = "7a3f0d52-41c8-4f0e-8b6d-2c9e5a1f0b34"
DIVISION_ID = "5d2e8c41-9b07-4a3d-b1f6-0e7c4d9a6f28"


def known_id(*names: object) -> str:
    """An id that is the same for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, names))))


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def segment(kind: str, begin: datetime, end: datetime | None, **members: Any) -> dict[str, Any]:
    ended = {} if end is None else {"segmentEnd": text(end)}
    return {"segmentType": kind, "segmentStart": text(begin), **ended, **members}


def participant(
    conversation_id: str, purpose: str, segments: Sequence[dict[str, Any]], **members: Any
) -> dict[str, Any]:
    session = {
        "sessionId": known_id(conversation_id, purpose, "session"),
        "mediaType": "voice",
        "direction": "inbound",
        "provider": "Edge",
        "segments": list(segments),
        **members,
    }
    participant_id = known_id(conversation_id, purpose)
    return {"participantId": participant_id, "purpose": purpose, "sessions": [session]}


def conversation(name: object, begin: datetime, **members: Any) -> dict[str, Any]:
    """A call of 61.234 s: customer, queue and agent, who writes notes for a while after it."""
    conversation_id = known_id("conversation", name)
    answered, end = begin + timedelta(seconds=9.5), begin + timedelta(seconds=61.234)
    notes = segment("wrapup", end, end + timedelta(seconds=30), queueId=QUEUE_ID)
    return {
        "conversationId": conversation_id,
        "conversationStart": text(begin),
        "conversationEnd": text(end + timedelta(seconds=30)),
        "originatingDirection": "inbound",
        "divisionIds": [DIVISION_ID],
        "participants": [
            participant(
                conversation_id,
                "customer",
                [segment("interact", begin, end, disconnectType="client")],
            ),
            participant(
                conversation_id, "acd", [segment("interact", begin, answered, queueId=QUEUE_ID)]
            ),
            participant(
                conversation_id,
                "agent",
                [segment("interact", answered, end, queueId=QUEUE_ID), notes],
            ),
        ],
        **members,
    }


def genuine(
    told: dict[str, Any], purpose: str, kind: str, at: datetime, **members: Any
) -> dict[str, Any]:
    """The envelope that Genesys publishes about one session's beginning or end, with members that
    no record has; `kind` is the topic's end, such as customer.start."""
    conversation_id = told["conversationId"]
    detail_type = f"v2.detail.events.conversation.{{id}}.{kind}"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000000/relay",
        "account": "123456789012",
        "time": text(at)[:19] + "Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "topicName": detail_type.replace("{id}", conversation_id),
            "version": "2",
            "timestamp": text(at + timedelta(milliseconds=230)),
            "metadata": {"CorrelationId": str(uuid.uuid4())},
            "eventBody": {
                "eventTime": round(at.timestamp() * 1000),
                "conversationId": conversation_id,
                "participantId": known_id(conversation_id, purpose),
                "sessionId": known_id(conversation_id, purpose, "session"),
                "mediaType": "VOICE",
                "provider": "Edge",
                "direction": "INBOUND",
                "conversationExternalContactIds": ["a contact"],
                **members,
            },
        },
    }


def all_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The six events of such a call, in their order."""
    begin = datetime.fromisoformat(told["conversationStart"])
    answered, end = begin + timedelta(seconds=9.5), begin + timedelta(seconds=61.234)
    return [
        genuine(told, "customer", "customer.start", begin),
        genuine(told, "acd", "acd.start", begin),
        genuine(told, "acd", "acd.end", answered, acdOutcome="ANSWERED"),
        genuine(told, "agent", "user.start", answered),
        genuine(told, "customer", "customer.end", end, disconnectType="CLIENT"),
        genuine(told, "agent", "user.end", end, interactingDurationMs=51_734),
    ]
