"""Journey external events: bulk ingest with a result per item, and the set-up it needs.

A schema, a configuration of it in a division, and the activation of the event definition that the
schema creates. That definition's id is an assumption: of everything that mentions it, only the list
of event definitions has ids.

SDK JourneyApi, models ExternalEventsRequest and ExternalEventsResponse. What is ingested cannot be
edited, deleted or read back, and Genesys promises no deduplication by `id`.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.endpoints.shape import (
    Call,
    Plain,
    Write,
    found,
    mapping,
    mappings,
    nothing_caused,
    text,
)
from simulator.error_body import Refused
from simulator.items import Item, Rejection, Verdict, digest
from simulator.messages import Reply
from simulator.organization import ACTIVATED, new_event_definition

ATTRIBUTES_MAX = 50  # per event, Genesys resource centre
SCHEMAS_MAX = 20  # event types of an organisation, the same


def _read(call: Call) -> list[Item]:
    configuration = _configured(call, call.params["configurationId"])
    definition = call.org.event_definitions[configuration["schemaId"]]
    if call.assumptions.activation_before_events and not _is_active(definition):
        raise Refused(422, "The external event is not activated")
    schema = call.org.schemas[configuration["schemaId"]]
    entities = mappings(mapping(call.json, "body").get("entities"), "entities")
    return [
        Item(
            index,
            text(entity.get("id")) or digest(entity),
            entity,
            False,
            _problem(call, entity, schema["jsonSchema"].get("properties", {})),
        )
        for index, entity in enumerate(entities)
    ]


def _problem(call: Call, entity: dict[str, Any], properties: Mapping[str, Any]) -> Rejection | None:
    attributes = entity.get("attributes")
    if isinstance(attributes, dict):
        if len(attributes) > ATTRIBUTES_MAX:
            return Rejection(400, f"An event has at most {ATTRIBUTES_MAX} attributes", False)
        strange = sorted(set(attributes) - set(properties))
        if strange and call.assumptions.schema_is_enforced:
            return Rejection(400, f"attributes.{strange[0]} is not in the schema", False)
    for row in _external_ids(entity):
        is_known = call.org.has_source(row.get("externalSourceId"))
        if call.assumptions.external_sources_must_exist and not is_known:
            return Rejection(400, "externalSourceId is no active external source", False)
        if not text(row.get("value")):
            return Rejection(400, "identifiers.externalIds need a value", False)
    return None


def _external_ids(entity: dict[str, Any]) -> list[dict[str, Any]]:
    identifiers = entity.get("identifiers")
    rows = identifiers.get("externalIds") if isinstance(identifiers, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _is_active(definition: Mapping[str, Any]) -> bool:
    return bool(definition["activationStatus"] == "Activated")


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
    if len(call.org.schemas) >= SCHEMAS_MAX:
        raise Refused(400, f"An organization has at most {SCHEMAS_MAX} schemas")
    schema_id = call.new_id()
    schema = {"id": schema_id, "version": 1, "enabled": True, "jsonSchema": document}
    call.org.schemas[schema_id] = schema
    name = text(document.get("title")) or schema_id
    call.org.event_definitions[schema_id] = new_event_definition(schema_id, name)
    return Reply(201, schema)


def _create_configuration(call: Call) -> Reply:
    body = mapping(call.json, "body")
    found(call.org.schemas, str(body.get("schemaId")), "Schema")
    found(call.org.divisions, str(body.get("divisionId")), "Division")
    made_id = call.new_id()
    made = {**body, "id": made_id, "schemaActive": True, "divisionIdActive": True}
    made["selfUri"] = f"{_ROOT}/configurations/{made_id}"
    call.org.configurations[made_id] = made
    return Reply(201, made)


def _configured(call: Call, configuration_id: str) -> Any:
    return found(call.org.configurations, configuration_id, "External events configuration")


def _configuration(call: Call) -> Reply:
    return Reply(200, _configured(call, call.params["configId"]))


def _configurations(call: Call) -> Reply:
    """SDK: pages by `pageSize` and `pageNumber`, from 1."""
    size, number = int(call.query.get("pageSize", "20")), int(call.query.get("pageNumber", "1"))
    every = list(call.org.configurations.values())
    page = every[(number - 1) * size : number * size]
    pages = -(-len(every) // size)
    counts = {"pageSize": size, "pageNumber": number, "pageCount": pages, "total": len(every)}
    return Reply(200, {"entities": page, **counts})


def _schemas(call: Call) -> Reply:
    schemas = list(call.org.schemas.values())
    return Reply(200, {"entities": schemas, "total": len(schemas)})


def _schema(call: Call) -> Reply:
    return Reply(200, found(call.org.schemas, call.params["schemaId"], "Schema"))


def _schema_limits(call: Call) -> Reply:
    limits = {"maxNumberOfSchemasPerOrg": SCHEMAS_MAX, "maxNumberOfFieldsPerSchema": ATTRIBUTES_MAX}
    return Reply(200, limits)


def _event_definitions(call: Call) -> Reply:
    return Reply(200, {"entities": list(call.org.event_definitions.values())})


def _definition_id(call: Call, schema_id: str) -> str:
    same = call.assumptions.definitions_have_their_schemas_id
    return schema_id if same else str(uuid.uuid5(uuid.UUID(schema_id), "event definition"))


def _definitions(call: Call) -> Reply:
    """SDK JourneyEventDefinitionListing: events of journeys, external ones among them."""
    entities = [
        {
            "id": _definition_id(call, schema_id),
            "name": definition["eventName"],
            "displayName": definition["displayName"],
            "rank": definition["rank"],
        }
        for schema_id, definition in call.org.event_definitions.items()
    ]
    return Reply(200, {"entities": entities, "total": len(entities)})


def _activate(call: Call) -> Reply:
    by_id = {_definition_id(call, each): row for each, row in call.org.event_definitions.items()}
    definition = found(by_id, call.params["eventDefinitionId"], "Event definition")
    definition |= {**mapping(call.json, "body"), **ACTIVATED}
    names = ("schemaId", "eventName", "displayName", "rank", "activationStatus")
    return Reply(200, {name: definition[name] for name in names})


_ROOT = "/api/v2/journey/externalevents"
_DEFINITIONS = "/api/v2/journey/views/eventdefinitions"
ENDPOINTS: tuple[Plain | Write, ...] = (
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
        permissions=("journey:externalEventsEvent:add",),
    ),
    Plain(
        "journey-schema-made",
        "POST",
        f"{_ROOT}/schemas",
        _create_schema,
        permissions=("journey:externalEventsSchema:add",),
    ),
    *(
        Plain(name, "GET", path, answer, permissions=("journey:externalEventsSchema:view",))
        for name, path, answer in (
            ("journey-schemas", f"{_ROOT}/schemas", _schemas),
            ("journey-schema-limits", f"{_ROOT}/schemas/limits", _schema_limits),
            ("journey-schema", f"{_ROOT}/schemas/{{schemaId}}", _schema),
        )
    ),
    Plain(
        "journey-configuration-made",
        "POST",
        f"{_ROOT}/configurations",
        _create_configuration,
        permissions=("journey:externalEventsConfiguration:add",),
    ),
    *(
        Plain(name, "GET", path, answer, permissions=("journey:externalEventsConfiguration:view",))
        for name, path, answer in (
            ("journey-configurations", f"{_ROOT}/configurations", _configurations),
            ("journey-configuration", f"{_ROOT}/configurations/{{configId}}", _configuration),
        )
    ),
    Plain(
        "journey-event-definitions",
        "GET",
        f"{_DEFINITIONS}/external",
        _event_definitions,
        permissions=("journey:externalEvents:view",),
    ),
    Plain(
        "journey-definitions",
        "GET",
        _DEFINITIONS,
        _definitions,
        permissions=("journey:eventDefinition:view",),
    ),
    Plain(
        "journey-event-activated",
        "PUT",
        f"{_DEFINITIONS}/{{eventDefinitionId}}/activate",
        _activate,
        permissions=("journey:externalEvents:activate",),
    ),
)
