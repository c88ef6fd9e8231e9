"""Journey external events: bulk ingest with a result per item, and the setup it needs.

SDK JourneyApi, models ExternalEventsRequest and ExternalEventsResponse. What is ingested cannot be
edited, deleted or read back, and Genesys promises no deduplication by `id`.
"""

from collections.abc import Sequence
from typing import Any

from local.genesys.endpoints.shape import (
    Call,
    Plain,
    Write,
    mapping,
    mappings,
    nothing_caused,
    text,
)
from local.genesys.error_body import Refused
from local.genesys.items import Item, Rejection, Verdict, digest
from local.genesys.messages import Reply

ATTRIBUTES_MAX = 50  # per event, Genesys resource centre
FIELDS = ("name", "description", "divisionId", "schemaId", "source")


def _read(call: Call) -> list[Item]:
    if call.params["configurationId"] not in call.org.configurations:
        raise Refused(404, "External events configuration not found")
    entities = mappings(mapping(call.json, "body").get("entities"), "entities")
    return [
        Item(index, text(entity.get("id")) or digest(entity), entity, False, _problem(entity))
        for index, entity in enumerate(entities)
    ]


def _problem(entity: dict[str, Any]) -> Rejection | None:
    attributes = entity.get("attributes", {})
    if not isinstance(attributes, dict):
        return Rejection(400, "attributes must be an object", False)
    if len(attributes) > ATTRIBUTES_MAX:
        return Rejection(400, f"An event has at most {ATTRIBUTES_MAX} attributes", False)
    return None


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    unprocessed = [
        {
            "event": verdict.item.content,
            "originalRequestIndex": verdict.item.index,
            "isRetryable": verdict.rejection.retryable,
            "errorMessage": verdict.rejection.message,
            "statusCode": verdict.rejection.status,
        }
        for verdict in verdicts
        if verdict.rejection is not None
    ]
    return Reply(200, {"unprocessedEntities": unprocessed})


def _create_schema(call: Call) -> Reply:
    document = mapping(call.json, "body")  # SDK JourneyJsonSchemaRequest: the schema itself
    schema_id = call.new_id()
    schema = {"id": schema_id, "version": 1, "enabled": True, "jsonSchema": document}
    call.org.schemas[schema_id] = schema
    return Reply(201, schema)


def _create_configuration(call: Call) -> Reply:
    body = mapping(call.json, "body")
    missing = [name for name in ("name", "schemaId", "source") if not body.get(name)]
    if missing:
        raise Refused(400, f"Missing required field {missing[0]}")
    if body["schemaId"] not in call.org.schemas:
        raise Refused(404, "Schema not found")
    made_id = call.new_id()
    made = {name: value for name, value in body.items() if name in FIELDS}
    made |= {"id": made_id, "schemaActive": True}
    made["selfUri"] = f"/api/v2/journey/externalevents/configurations/{made_id}"
    call.org.configurations[made_id] = made
    return Reply(201, made)


def _configuration(call: Call) -> Reply:
    found = call.org.configurations.get(call.params["configId"])
    if found is None:
        raise Refused(404, "External events configuration not found")
    return Reply(200, found)


_ROOT = "/api/v2/journey/externalevents"
ENDPOINTS = (
    Write(
        "journey-external-events",
        "POST",
        f"{_ROOT}/configurations/{{configurationId}}/events",
        max_items=None,  # not in the SDK; the body's 512,000 bytes are the limit
        whole_batch=False,
        causes_events=False,
        read=_read,
        apply=nothing_caused,
        answer=_answer,
    ),
    Plain("journey-schemas", "POST", f"{_ROOT}/schemas", _create_schema),
    Plain("journey-configurations", "POST", f"{_ROOT}/configurations", _create_configuration),
    Plain("journey-configuration", "GET", f"{_ROOT}/configurations/{{configId}}", _configuration),
)
