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
    """A call of 61.234 s: customer, queue and agent, who writes his notes for a while after it."""
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
