"""Journey external events: steps of customers, as timelines and journeys show them.

`POST /api/v2/journey/externalevents/configurations/{configurationId}/events` (journey API of the
official SDK, 269.0.0). An event is about a contact, which an identifier in an External Source
names; without it the step is on no timeline. Accepted events cannot be edited or deleted; events
that were not accepted are listed by their index. Genesys does not document that it recognises
repeated ids. Nothing shows a single event, or how many there are: not
JourneyApi.get_journey_views_eventdefinitions_external (a type's status), get_journey_session_events
(no external events) or get_journey_view_version_job_results (customers). Genesys' own conversation
events appear in journeys without the relay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import (
    FAILS_SOMEHOW,
    ItemFailure,
    Row,
    Unreadable,
    failures_among,
    is_passing,
)
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.messages.sealing import SealedEvent

#: where the two shapes of business events (docs/entrances.md) identify the customer
CUSTOMER = "[body.identifiers, body.data][].customerId | [0]"
#: at most 50 per event; `relay setup journey` makes the schema from these
ATTRIBUTES: Mapping[str, Json] = {
    "type": "topic",
    "source": "source",
    "correlationId": "correlation_id",
    "details": "(body.attributes || body.data) && to_string(body.attributes || body.data)",
}


def item_of(external_source_id: str) -> Mapping[str, Json]:
    """Maps a business event to a step of its customer."""
    identifier = {"value": CUSTOMER, "externalSourceId": f"'{external_source_id}'"}
    return {"identifiers": {"externalIds": [identifier]}, "attributes": ATTRIBUTES}


def with_source(destination: Destination, section: Section, where: str) -> Destination:
    """`external_source_id`: with it the destination has an item for business events."""
    source = section.get("external_source_id")
    if source is None or "item" in section:
        return destination  # a mapping of one's own sets externalSourceId itself
    return replace(destination, item={**KIND.base, **item_of(source)})


def read_results(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """`{"unprocessedEntities": [{event, originalRequestIndex, isRetryable, errorMessage,
    statusCode}]}` (SDK model ExternalEventsResponse), `{}` where everything was processed."""
    if not isinstance(document, dict) or (document and "unprocessedEntities" not in document):
        return None
    if document.get("errors"):
        return FAILS_SOMEHOW
    rows = document.get("unprocessedEntities")
    return failures_among(rows, events, member="id", index="originalRequestIndex", failure=_failure)


def _failure(row: Row) -> tuple[bool, str]:
    status = row.get("statusCode")
    return is_passing(row.get("isRetryable"), status), f"{status}: {row.get('errorMessage')}"


KIND = Kind(
    name="journey-external-events",
    path="/api/v2/journey/externalevents/configurations/{configuration_id}/events",
    settings={
        "configuration_id": Setting("the id of an external events' configuration", is_needed=True),
        "external_source_id": Setting(
            "the id (a GUID) of an External Source in Genesys Cloud, which `relay setup journey` "
            "makes or finds",
            form=r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        ),
    },
    into="entities",
    base={"id": "id", "dateCreated": "occurred_at"},
    required=(
        "id",
        "dateCreated",
        "identifiers.externalIds[0].value",
        "identifiers.externalIds[0].externalSourceId",
        "attributes",
    ),
    read_results=read_results,
    adapt=with_source,
)
