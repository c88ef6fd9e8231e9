"""The simulator's shapes against the official SDK's models (PureCloudPlatformClientV2).

Each answer is deserialised by the SDK, and every field that it (or the request that we sent) has
must be in the SDK's model, with a value of the type that the model says.
"""

import inspect
import json
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import PureCloudPlatformClientV2 as Sdk
import pytest

from lambdas.relay.destinations.conversations import CANCEL
from lambdas.relay.kernel.api_names import NAMES
from simulator.endpoints import ENDPOINTS
from simulator.endpoints.conversation_events import LISTS
from simulator.faults import NONE
from simulator.messages import Answer
from simulator.organization import CONTACT_LIST_ID, EXTERNAL_SOURCE_ID
from simulator.sdk_shapes import extracted, text
from simulator.shapes import SHAPES
from tests.simulator.test_endpoints import CALLS, CONTACTS, ENRICH, METRICS, dialled, enrich, metric
from tests.simulator.world import JOURNEY, World, event

LOOKUP = "/api/v2/externalcontacts/identifierlookup/contacts"

ROOT = Path(__file__).parents[2]
INVENTED = {  # (see their modules): no SDK method has these
    ("POST", "/api/v2/analytics/events/write"),
}
PLAIN: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "datetime": str,
    "date": str,
    "object": object,
}


def mismatches(value: Any, kind: str, where: str) -> list[str]:
    """What the SDK's type `kind` does not know in `value` (decoded JSON); an empty list is good."""
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [m for part in value for m in mismatches(part, listed[1], f"{where}[]")]
    if mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        return [m for k, part in value.items() for m in mismatches(part, mapped[1], f"{where}.{k}")]
    if kind in PLAIN:
        right = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if right or kind == "object" else [f"{where} is no {kind}: {value!r}"]
    model = getattr(Sdk, kind)()
    if not isinstance(value, dict):
        return [f"{where} is no {kind}"]
    types = {model.attribute_map[name]: each for name, each in model.swagger_types.items()}
    unknown = [f"{kind} has no field {name} ({where})" for name in value if name not in types]
    known = {name: part for name, part in value.items() if name in types}
    return unknown + [
        m for name, part in known.items() for m in mismatches(part, types[name], f"{where}.{name}")
    ]


def understood(answer: Answer, kind: str) -> Any:
    """The answer as the SDK's object, after its JSON was found to be of that kind."""
    assert mismatches(json.loads(answer.body), kind, "answer") == []
    response = SimpleNamespace(data=answer.body.decode(), getheader=answer.headers.get)
    return Sdk.ApiClient().deserialize(response, kind)


def sent(world: World, path: str, body: Any, kind: str) -> Answer:
    """The answer to a request whose body is of the SDK's kind."""
    assert mismatches(body, kind, "request") == []
    return world.post(path, body)


@pytest.fixture
def world() -> World:
    made = World(NONE)
    made.control("POST", "poison", {"ids": ["bad"]})
    return made


def test_the_comparison_notices_a_field_that_is_not_in_the_model() -> None:
    unknown = {"unprocessedEntities": [{"retryable": True, "statusCode": "400"}]}
    assert mismatches(unknown, "ExternalEventsResponse", "answer") == [
        "UnprocessedExternalEvent has no field retryable (answer.unprocessedEntities[])",
        "answer.unprocessedEntities[].statusCode is no int: '400'",
    ]


@cache
def operations() -> frozenset[tuple[str, str]]:
    """Method and path of everything that the SDK can call."""
    pattern = r"resource_path = '([^']+)'.*?call_api\(resource_path, '([A-Z]+)'"
    apis = Path(inspect.getfile(Sdk)).parent.joinpath("apis").glob("*.py")
    found = (re.findall(pattern, api.read_text("utf-8"), re.DOTALL) for api in apis)
    return frozenset((method, path) for each in found for path, method in each)


def test_every_endpoint_is_in_the_sdk_except_those_declared_invented() -> None:
    known = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in operations()}
    ours = {(e.method, re.sub(r"\{\w+\}", "{}", e.template)) for e in ENDPOINTS}
    assert len(known) > 3000
    assert ours - known == INVENTED


def test_what_can_be_read_back() -> None:
    """What docs/guarantees.md says exists for each kind, and what it says does not exist."""
    page = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
    table = page[
        page.index("What Genesys' SDK has to read") : page.index("| generic, with `truth`")
    ]
    named = set(re.findall(r"`(GET|POST) (/api/v2/[^`]+)`", table))
    known = set(operations())
    assert len(named) >= 6
    assert named <= known

    read = {path for method, path in known if method == "GET"}
    assert not [path for path in read if re.search("externalevents/.*/events", path)]
    assert not [path for path in read if path.startswith("/api/v2/events/")]
    assert not [path for path in read if "externalmetrics/data" in path]
    values = Sdk.WorkdayValuesMetricItem().attribute_map.values()
    assert not [name for name in values if "external" in name.lower()]
    of_sessions = Sdk.Event().attribute_map.values()
    assert not [name for name in of_sessions if "external" in name.lower()]
    counted = Sdk.JourneyViewResultMetrics().attribute_map.values()
    assert not [name for name in counted if "event" in name.lower()]
    summary = Sdk.ExternalEventSummary().attribute_map.values()
    assert not [name for name in summary if "count" in name.lower()]


def test_what_can_be_cancelled() -> None:
    """What docs/decisions/0026 says exists, and what does not."""
    assert ("DELETE", "/api/v2/conversations/{conversationId}") in operations()
    assert (CANCEL.method, CANCEL.path.replace("{key}", "{conversationId}")) in operations()
    deleted = {path for method, path in operations() if method == "DELETE"}
    assert not [path for path in deleted if re.search("externalevents/.*/events", path)]
    assert not [path for path in deleted if "conversations/externalevents" in path]
    assert not [path for path in deleted if "externalmetrics/data" in path]


def test_journey_events(world: World) -> None:
    body = {"entities": [event("a", colour="red"), event("bad")]}
    answer = sent(world, JOURNEY, body, "ExternalEventsRequest")
    [failed] = understood(answer, "ExternalEventsResponse").unprocessed_entities
    assert (failed.event.id, failed.original_request_index) == ("bad", 1)
    assert (failed.is_retryable, failed.status_code) == (False, 400)


def test_journey_setup(world: World) -> None:
    root = "/api/v2/journey/externalevents"
    document = {"title": "t", "description": "d", "properties": {}}
    schema = sent(world, f"{root}/schemas", document, "JourneyJsonSchemaRequest")
    schema_id = understood(schema, "JourneyExternalEventsSchema").id
    root_division = "/api/v2/authorization/divisions/home"
    division = understood(world.get(root_division), "AuthzDivision").id
    wanted = {
        "name": "n",
        "description": "d",
        "schemaId": schema_id,
        "source": "s",
        "divisionId": division,
    }
    kind = "CreateExternalEventsConfigurationRequest"
    made = understood(
        sent(world, f"{root}/configurations", wanted, kind), "ExternalEventsConfiguration"
    )
    assert made.schema_id == schema_id
    understood(world.get(made.self_uri), "ExternalEventsConfiguration")
    understood(world.get(f"{root}/configurations"), "ExternalEventsConfigurationListing")
    understood(world.get(f"{root}/schemas"), "JourneyExternalEventsSchemaListing")
    understood(world.get(f"{root}/schemas/limits"), "SchemaQuantityLimits")
    definitions = "/api/v2/journey/views/eventdefinitions"
    listed = understood(world.get(f"{definitions}/external"), "GetExternalEventsResponse")
    assert [one.activation_status for one in listed.entities] == ["Activated", "Deactivated"]
    order = {"displayName": "Steps", "rank": 1}
    assert mismatches(order, "ActivateExternalEventRequest", "request") == []
    path = f"{definitions}/{schema_id}/activate"
    answer = world.call("PUT", path, json.dumps(order).encode())
    assert understood(answer, "ActivateExternalEventResponse").activation_status == "Activated"


def test_external_sources(world: World) -> None:
    path = "/api/v2/externalcontacts/externalsources"
    made = understood(sent(world, path, {"name": "crm"}, "ExternalSource"), "ExternalSource")
    understood(world.get(made.self_uri), "ExternalSource")
    listed = understood(world.get(path), "CursorExternalSourceListing")
    assert [source.name for source in listed.entities] == ["Shop", "crm"]


def test_the_shapes_are_those_of_the_installed_sdk() -> None:
    again = "run `python -m simulator.sdk_shapes` and read what changed"
    assert SHAPES.read_text("utf-8") == text(extracted()), again


def test_conversation_events(world: World) -> None:
    guid = "0b0e8b3c-0000-4000-8000-00000000000{}".format
    event_of = {"eventDateTime": "2026-01-01T00:00:00Z", "conversationId": guid(0)}
    events = [{"eventId": guid(n), **event_of} for n in (1, 2)]
    world.control("POST", "poison", {"ids": [guid(2)]})
    body = {"communicationEndedEvents": events}
    answer = sent(world, "/api/v2/events/conversations", body, "BatchConversationEventRequest")
    [error] = understood(answer, "BatchEventResponse").errors
    assert (error.event_id, error.retryable) == (guid(2), False)
    assert set(Sdk.BatchConversationEventRequest().attribute_map.values()) == LISTS


def test_external_contacts(world: World) -> None:
    good = enrich("t", contact={"firstName": "Ada"})
    answer = sent(world, ENRICH, {"entities": [good, enrich("bad")]}, "BulkContactsEnrichRequest")
    body = understood(answer, "BulkContactsEnrichResponse")
    results = {result.id: result for result in body.results}
    assert results["t"].entity.first_name == "Ada"
    assert results["bad"].error.retryable is False
    assert body.error_count == 1
    understood(world.get(results["t"].entity.self_uri), "ExternalContact")
    (identifier,) = good["matchingIdentifiers"]
    found = sent(world, LOOKUP, identifier, "ContactIdentifier")
    assert understood(found, "ExternalContact").id == results["t"].entity.id


def test_a_contact_is_looked_up_by_its_own_identifier_alone(world: World) -> None:
    source = {"id": EXTERNAL_SOURCE_ID}
    identifier = {"type": "ExternalId", "value": "c-1", "externalSource": source}
    world.post(ENRICH, {"entities": [enrich("t", matchingIdentifiers=[identifier])]})
    assert sent(world, LOOKUP, identifier, "ContactIdentifier").status == 200
    for other in (
        {**identifier, "value": "c-2"},
        {**identifier, "type": "Email"},
        {**identifier, "externalSource": {"id": CONTACT_LIST_ID}},
    ):
        answer = sent(world, LOOKUP, other, "ContactIdentifier")
        assert (answer.status, json.loads(answer.body)["code"]) == (404, "not.found")
    assert world.post(LOOKUP, {"type": "Email"}).status == 400
    assert world.post(LOOKUP, {**identifier, "colour": "red"}).status == 400


def test_contact_lists(world: World) -> None:
    body = [dialled("c", data={"phone": "1"}, callable=True)]
    answer = sent(world, CONTACTS, body, "list[WritableDialerContact]")
    [contact] = understood(answer, "list[DialerContact]")
    assert understood(world.get(contact.self_uri), "DialerContact").data == {"phone": "1"}


def test_external_metrics(world: World) -> None:
    body = {"items": [metric(), metric(value=1.0, dateOccurred="2026-01-02")]}
    world.control("POST", "poison", {"marker": "2026-01-02"})
    answer = sent(world, METRICS, body, "ExternalMetricDataWriteRequest")
    read = understood(answer, "ExternalMetricDataWriteResponse")
    assert read.processed_entities[0].total_value == 2.5
    assert read.processed_entities[0].date_occurred in (date(2026, 1, 1), datetime(2026, 1, 1))  # noqa: DTZ001
    assert read.unprocessed_entities[0].code == "invalid.value"


def test_conversations_and_participants(world: World) -> None:
    made = understood(
        sent(world, CALLS, {"phoneNumber": "1"}, "CreateCallRequest"), "CreateCallResponse"
    )
    body = {"attributes": {"a": "1"}}
    assert mismatches(body, "ParticipantAttributes", "request") == []
    world.begin(made.id, "p")
    path = f"{made.self_uri}/participants/p/attributes"
    assert world.call("PATCH", path, json.dumps(body).encode()).status == 202
    found = understood(world.get(made.self_uri), "Conversation")
    assert found.participants[1].attributes == {"a": "1"}


def test_custom_attributes(world: World) -> None:
    world.begin("c")
    path = "/api/v2/conversations/c/customattributes/bulk"
    for method, kind in (
        ("PUT", "CustomAttributesUpdateRequest"),
        ("PATCH", "CustomAttributesPatchRequest"),
    ):
        body = [{"id": "a", "customAttributes": {"x": 1}}, {"id": "bad", "customAttributes": {}}]
        assert mismatches(body, f"list[{kind}]", "request") == []
        answer = world.call(method, path, json.dumps(body).encode())
        results = understood(answer, "CustomAttributesBulkUpdateResponseMap").results
        assert results["a"].attributes.custom_attributes == {"x": 1}
        assert results["bad"].status_code == 400


def test_limits(world: World) -> None:
    answer = world.get("/api/v2/organizations/limits/namespaces/platform.api")
    values = {
        limit.key: limit.value for limit in understood(answer, "LimitsEntityListing").entities
    }
    assert values["request.bytes.max"] == 512_000


def test_every_error(world: World) -> None:
    answers = [
        world.post("/api/v2/nowhere", {}),
        world.call("POST", JOURNEY, b"{"),
        world.events("a", Authorization=""),
        world.events("a", Authorization="Bearer x"),
    ]
    world.control("POST", "limit", {"allowed": 0})
    answers.append(world.events("a"))
    world.control("POST", "outage", {"seconds": 1})
    answers.append(world.events("a"))
    for answer, status in zip(answers, (404, 400, 401, 401, 429, 503), strict=True):
        body = understood(answer, "ErrorBody")
        assert (body.status, answer.status) == (status, status)
        assert body.context_id == answer.headers["ININ-Correlation-Id"]


def test_words_of_genesys_paths_are_those_of_the_sdk() -> None:
    """Whatever is in a place where other paths have an id."""
    paths: set[str] = set()
    for module in (Path(inspect.getfile(Sdk)).parent / "apis").glob("*.py"):
        paths |= set(re.findall(r"resource_path = '/([^']+)'", module.read_text("utf-8")))
    at: dict[str, set[str]] = {}
    for path in paths:
        parts = re.sub(r"\{[^}]*\}", "{}", path).split("/")
        for place, part in enumerate(parts):
            at.setdefault("/".join(parts[:place]), set()).add(part)
    beside_an_id = set[str]().union(*(parts for parts in at.values() if "{}" in parts)) - {"{}"}
    assert {word.casefold() for word in beside_an_id} == NAMES
