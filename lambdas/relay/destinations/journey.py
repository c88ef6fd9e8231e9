"""Journey external events: the default destination.

`POST /api/v2/journey/externalevents/configurations/{configurationId}/events` (journey API of the
official SDK, 269.0.0). Events that were taken cannot be edited or deleted; what was not taken is
listed by its index. Genesys documents no recognition of repeated ids, and offers no read-back.
"""

from collections.abc import Mapping, Sequence

from lambdas.relay.canonical import Json
from lambdas.relay.destinations.destination import ItemFailure
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.sealing import SealedEvent

#: at most 50 attributes an event; no telephone numbers or names unless a mapping asks for them
ITEM: Mapping[str, Json] = {
    "id": "id",
    "dateCreated": "occurred_at",
    "identifiers": {
        "externalIds": [
            {"value": "conversation_id || identity", "externalSourceId": "'genesys-relay'"}
        ]
    },
    "attributes": {
        "topic": "detail_type",
        "conversationId": "conversation_id",
        "participantId": "body.participantId",
        "sessionId": "body.sessionId",
        "mediaType": "body.mediaType",
        "direction": "body.direction",
        "queueId": "body.queueId",
        "userId": "body.userId",
        "wrapupCode": "body.wrapupCode",
        "disconnectType": "body.disconnectType",
        "correlationId": "correlation_id",
    },
}


def read_results(document: Json, events: Sequence[SealedEvent]) -> Sequence[ItemFailure] | None:
    """`{"unprocessedEntities": [{originalRequestIndex, isRetryable, errorMessage, statusCode}]}`"""
    if not isinstance(document, dict):
        return None
    rows = document.get("unprocessedEntities") or []
    try:
        return [
            ItemFailure(
                index=range(len(events))[row["originalRequestIndex"]],
                retryable=bool(row.get("isRetryable")),
                reason=f"{row.get('statusCode')}: {row.get('errorMessage')}",
            )
            for row in rows
        ]
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


KIND = Kind(
    name="journey-external-events",
    path="/api/v2/journey/externalevents/configurations/{configuration_id}/events",
    settings=("configuration_id",),
    into="entities",
    base={"id": "id"},
    item=ITEM,
    required=("id",),
    read_results=read_results,
)
