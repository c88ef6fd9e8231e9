"""The simulated Genesys' endpoints: their limits, their errors, what they keep."""

import json
from datetime import date
from typing import Any

import pytest

from lambdas.relay.destinations.results import created_id
from simulator.faults import NONE
from simulator.organization import (
    CONTACT_LIST_ID,
    DIVISION_ID,
    EXTERNAL_SOURCE_ID,
    METRIC_ID,
    QUEUE_ID,
    USER_ID,
)
from tests.simulator.world import JOURNEY, World, event

CALLS = "/api/v2/conversations/calls"
ENRICH = "/api/v2/externalcontacts/bulk/contacts/enrich"
CONTACTS = f"/api/v2/outbound/contactlists/{CONTACT_LIST_ID}/contacts"
METRICS = "/api/v2/employeeperformance/externalmetrics/data"


def enrich(tracker: str, **fields: Any) -> dict[str, Any]:
    identifiers = [{"type": "Email", "value": f"{tracker}@example.com"}]
    return {"id": tracker, "matchingIdentifiers": identifiers, "action": "Upsert"} | fields


def metric(**fields: Any) -> dict[str, Any]:
    day = {"userId": USER_ID, "metricId": METRIC_ID, "dateOccurred": "2026-01-01"}
    return day | {"value": 2.5, "count": 1, "type": "Total"} | fields


def dialled(contact_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": contact_id, "contactListId": CONTACT_LIST_ID, "data": {}} | fields


def day(number: int) -> str:
    return f"{date.fromordinal(date(2026, 1, 1).toordinal() + number)}"


def test_an_unknown_path_is_404_and_a_wrong_method_405() -> None:
    world = World(NONE)
    assert world.post("/api/v2/nowhere", {}).status == 404
    assert world.get(JOURNEY).status == 405


@pytest.mark.parametrize("body", [b"", b"{", b'{"entities": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_malformed_json_is_400(body: bytes) -> None:
    answer = World(NONE).call("POST", JOURNEY, body)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "bad.request")


@pytest.mark.parametrize("value", [[], {}, {"entities": []}, {"entities": ["x"]}, {"entities": 1}])
def test_a_body_of_another_shape_is_400(value: Any) -> None:
    assert World(NONE).post(JOURNEY, value).status == 400


def test_a_body_has_at_most_512_000_bytes() -> None:
    world = World(NONE)
    frame = len(json.dumps({"entities": [event("a", fill="")]}))
    for excess, status in ((0, 200), (1, 413)):
        body = {"entities": [event("a", fill="x" * (512_000 - frame + excess))]}
        assert world.post(JOURNEY, body).status == status
    assert world.taken() == ["a"]


@pytest.mark.parametrize(
    ("path", "most", "body"),
    [
        (ENRICH, 10, lambda n: {"entities": [enrich(f"t{i}") for i in range(n)]}),
        (CONTACTS, 1000, lambda n: [dialled(f"c{i}") for i in range(n)]),
        (METRICS, 100, lambda n: {"items": [metric(dateOccurred=day(i)) for i in range(n)]}),
    ],
)
def test_a_request_has_only_so_many_items(path: str, most: int, body: Any) -> None:
    world = World(NONE)
    assert world.post(path, body(most + 1)).status == 400
    assert world.taken() == []
    assert world.post(path, body(most)).status == 200
    assert len(world.taken()) == most


def test_a_journey_configuration_must_exist_and_can_be_made() -> None:
    world = World(NONE)
    root = "/api/v2/journey/externalevents"
    body = {"entities": [event("a")]}
    assert world.post(f"{root}/configurations/none/events", body).status == 404
    schema = json.loads(world.post(f"{root}/schemas", {"title": "t"}).body)
    home = json.loads(world.get("/api/v2/authorization/divisions/home").body)
    wanted = {"name": "n", "description": "d", "schemaId": schema["id"], "source": "s"}
    assert world.post(f"{root}/configurations", wanted).status == 400
    assert world.post(f"{root}/configurations", {**wanted, "divisionId": "x"}).status == 404
    wanted["divisionId"] = home["id"]
    made = json.loads(world.post(f"{root}/configurations", wanted).body)
    assert world.post(f"{root}/configurations/{made['id']}/events", body).status == 200
    assert json.loads(world.get(made["selfUri"]).body) == made


def test_enrich_answers_in_another_order_and_matches_by_id() -> None:
    world = World(NONE)
    trackers = [f"t{number}" for number in range(10)]
    body = {"entities": [enrich(each, contact={"firstName": each}) for each in trackers]}
    body["entities"][3]["action"] = "Update"  # of a contact that is not there
    answer = json.loads(world.post(ENRICH, body).body)
    order = [result["id"] for result in answer["results"]]
    assert order != trackers
    assert sorted(order) == sorted(trackers)
    assert answer["errorCount"] == 1
    assert [order[index] for index in answer["errorIndexes"]] == ["t3"]
    by_id = {result["id"]: result for result in answer["results"]}
    contact = by_id["t5"]["entity"]
    assert contact["firstName"] == "t5"
    assert json.loads(world.get(contact["selfUri"]).body) == contact


def test_an_upsert_finds_the_contact_again() -> None:
    world = World(NONE)
    for name in ("first", "second"):
        world.post(ENRICH, {"entities": [enrich("t", contact={"firstName": name})]})
    assert [c["firstName"] for c in world.platform.org.external_contacts.values()] == ["second"]


def test_a_contact_list_is_an_array_in_and_out_and_all_or_nothing() -> None:
    world = World(NONE)
    contacts = [dialled("c1", data={"phone": "1"}), dialled("c2", data={"phone": 2})]
    assert world.post(CONTACTS, contacts).status == 400
    assert world.taken() == []
    contacts[1]["data"] = {}
    answer = json.loads(world.post(CONTACTS, contacts).body)
    assert [contact["id"] for contact in answer] == ["c1", "c2"]
    assert json.loads(world.get(f"{CONTACTS}/c1").body) == answer[0]
    assert world.get(f"{CONTACTS}/c3").status == 404


def test_cumulative_metrics_add_up_and_totals_do_not() -> None:
    world = World(NONE)
    for kind, expected in (("Total", 2.5), ("Cumulative", 5.0)):
        world.platform.org.metrics[kind] = {}
        items = {"items": [metric(type=kind, metricId=kind)]}
        world.post(METRICS, items)
        processed = json.loads(world.post(METRICS, items).body)["processedEntities"]
        assert processed[0]["totalValue"] == expected
    summary = world.control("GET", "summary")
    assert (summary["duplicates"], summary["repetitions"]) == (1, 1)


def test_metrics_report_what_was_not_processed() -> None:
    answer = World(NONE).post(METRICS, {"items": [metric(), metric(value="much")]})
    body = json.loads(answer.body)
    assert len(body["processedEntities"]) == 1
    assert body["unprocessedEntities"][0]["message"] == "items[1].value: must be of type number"


def test_conversation_events_report_errors_by_event_id() -> None:
    world = World(NONE)
    conversation = "0b0e8b3c-0000-4000-8000-000000000001"
    good = {
        "eventId": "0b0e8b3c-0000-4000-8000-000000000002",
        "eventDateTime": "2026-01-01T00:00:00Z",
        "conversationId": conversation,
    }
    bad = {**good, "eventId": "e2"}
    body = {"communicationEndedEvents": [good], "emailHoldUpdatedEvents": [bad]}
    answer = json.loads(world.post("/api/v2/events/conversations", body).body)
    assert [(e["eventId"], e["retryable"]) for e in answer["errors"]] == [("e2", False)]
    assert world.get(f"/api/v2/conversations/{conversation}").status == 200
    assert world.post("/api/v2/events/conversations", {"madeUpEvents": [good]}).status == 400


def test_a_conversation_is_made_and_read_back() -> None:
    world = World(NONE)
    call = {"phoneNumber": "+493012345", "attributes": {"order": "1"}}
    made = json.loads(world.post(CALLS, call).body)
    found = json.loads(world.get(made["selfUri"]).body)
    assert found["id"] == made["id"]
    assert found["participants"][0]["attributes"] == {"order": "1"}
    assert world.post(CALLS, {"label": "nobody to ring"}).status == 400


@pytest.mark.parametrize("member", ["conversationId", "externalTag"])
@pytest.mark.parametrize("refused", [True, False])
def test_a_call_has_an_id_of_genesys_choice(member: str, refused: bool) -> None:
    world = World(NONE)
    world.control("POST", "assumptions", {"unknown_members_are_refused": refused})
    answer = world.post(CALLS, {"phoneNumber": "+493012345", member: "mine"})
    assert answer.status == (400 if refused else 202)
    assert world.get("/api/v2/conversations/mine").status == 404


def test_participant_attributes_are_merged_and_can_be_read_back() -> None:
    world = World(NONE)
    path = "/api/v2/conversations/c1/participants/p1/attributes"
    body = b'{"attributes": {"a": "1"}}'
    assert world.call("PATCH", path, body).status == 404
    world.begin("c1", "another")
    assert world.call("PATCH", path, body).status == 404
    world.begin("c1", "p1")
    for attributes in ({"a": "1", "b": "1"}, {"b": "2"}):
        answer = world.call("PATCH", path, json.dumps({"attributes": attributes}).encode())
        assert (answer.status, answer.body) == (202, b"")
    found = json.loads(world.get("/api/v2/conversations/c1").body)
    assert found["participants"][1]["attributes"] == {"a": "1", "b": "2"}
    assert world.call("PATCH", path, b'{"attributes": {"a": 1}}').status == 400


def test_custom_attributes_are_replaced_by_put_and_merged_by_patch() -> None:
    world = World(NONE)
    path = "/api/v2/conversations/c1/customattributes/bulk"
    assert world.call("PATCH", path, b'[{"id": "x"}]').status == 404
    world.begin("c1")
    for method, sent, expected in (
        ("PUT", {"a": 1, "b": 1}, {"a": 1, "b": 1}),
        ("PATCH", {"b": 2}, {"a": 1, "b": 2}),
        ("PUT", {"c": 3}, {"c": 3}),
    ):
        body = json.dumps([{"id": "x", "customAttributes": sent}]).encode()
        results = json.loads(world.call(method, path, body).body)["results"]
        assert results["x"]["attributes"]["customAttributes"] == expected


MADE: dict[str, dict[str, Any]] = {
    "calls": {"phoneNumber": "+493012345"},
    "callbacks": {"queueId": QUEUE_ID, "callbackNumbers": ["+493012345"], "data": {"order": "1"}},
    "emails": {"queueId": QUEUE_ID, "provider": "PureCloud Email", "toAddress": "a@example.com"},
    "messages": {"queueId": QUEUE_ID, "toAddress": "+49301234", "toAddressMessengerType": "sms"},
    "messages/agentless": {"toAddress": "+49301234", "toAddressMessengerType": "sms"},
}


@pytest.mark.parametrize("what", MADE)
def test_whatever_makes_a_conversation_returns_its_id(what: str) -> None:
    world = World(NONE)
    path = f"/api/v2/conversations/{what}"
    answer = world.post(path, MADE[what])
    assert answer.status == 202
    made = created_id(json.loads(answer.body))
    assert world.get(f"/api/v2/conversations/{made}").status == 200
    (event,) = world.platform.drain_caused(world.clock.now + 60)
    assert event.detail["eventBody"]["conversationId"] == made
    assert world.post(path, {**MADE[what], "conversationId": "mine"}).status == 400


def test_a_callback_needs_a_queue_and_a_message_somebody_to_go_to() -> None:
    world = World(NONE)
    for path, body in (
        ("callbacks", {"callbackNumbers": ["+493012345"]}),
        ("messages", {"queueId": QUEUE_ID, "toAddress": "+49301234"}),
        ("messages/agentless", {"toAddressMessengerType": "sms"}),
    ):
        assert world.post(f"/api/v2/conversations/{path}", body).status == 400
    assert world.taken() == []


NOBODY = "00000000-0000-4000-8000-000000000009"


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("calls", {"callQueueId": NOBODY}),
        ("calls", {"callFromQueueId": NOBODY}),
        ("calls", {"callUserId": NOBODY}),
        ("calls", {"languageId": NOBODY}),
        ("calls", {"routingSkillsIds": [NOBODY]}),
        ("calls", {"conversationIds": [NOBODY]}),
        ("calls", {"externalContactId": NOBODY}),
        ("calls", {"participants": [{"userId": NOBODY}]}),
        ("calls", {"participants": [{"queueId": QUEUE_ID}, {"queueId": NOBODY}]}),
        ("callbacks", {"queueId": NOBODY}),
        ("callbacks", {"scriptId": NOBODY}),
        ("callbacks", {"routingData": {"queueId": NOBODY}}),
        ("callbacks", {"routingData": {"queueId": QUEUE_ID, "skillIds": [NOBODY]}}),
        ("emails", {"queueId": NOBODY}),
        ("emails", {"flowId": NOBODY}),
        ("messages", {"queueId": NOBODY}),
        ("messages", {"externalContactId": NOBODY}),
        ("messages/agentless", {"messagingTemplate": {"responseId": NOBODY}}),
    ],
    ids=str,
)
def test_what_a_request_names_must_exist(what: str, named: dict[str, Any]) -> None:
    world = World(NONE)
    path = f"/api/v2/conversations/{what}"
    answer = world.post(path, {**MADE[what], **named})
    assert answer.status == 404
    assert NOBODY in str(json.loads(answer.body)["message"])
    assert world.taken() == []
    world.control("POST", "assumptions", {"named_ids_must_exist": False})
    assert world.post(path, {**MADE[what], **named}).status == 202


def test_what_a_request_names_may_be_anything_that_exists() -> None:
    world = World(NONE)
    org = world.platform.org
    org.others["language"] = {"l": {}}
    org.external_contacts["c"] = {}
    named = {"callQueueId": QUEUE_ID, "callUserId": USER_ID, "languageId": "l"}
    free = {"attributes": {"queueId": NOBODY}, "externalContactId": "c"}
    assert world.post("/api/v2/conversations/calls", {**named, **free}).status == 202


SHOP = {"externalSource": {"id": EXTERNAL_SOURCE_ID}, "value": "C-1"}
NOWHERE = {"externalSource": {"id": "00000000-0000-4000-8000-000000000009"}, "value": "C-1"}


@pytest.mark.parametrize(
    ("fields", "is_good"),
    [
        ({"matchingIdentifiers": [{"type": "ExternalId", **SHOP}]}, True),
        ({"matchingIdentifiers": [{"type": "ExternalId", **NOWHERE}]}, False),
        ({"matchingIdentifiers": [{"type": "ExternalId", "value": "C-1"}]}, False),
        ({"contact": {"externalIds": [SHOP]}}, True),
        ({"contact": {"externalIds": [NOWHERE]}}, False),
        ({"contact": {"externalIds": [{"value": "C-1"}]}}, False),
        ({"contact": {"identifiers": [{"type": "Email", "value": "a", **NOWHERE}]}}, False),
        ({"contact": {"externalIds": [SHOP] * 11}}, False),
        ({"division": {"id": DIVISION_ID}}, True),
        ({"division": {"id": "00000000-0000-4000-8000-000000000009"}}, False),
        ({"contact": {"division": {"id": "00000000-0000-4000-8000-000000000009"}}}, False),
    ],
)
def test_a_contact_names_what_exists(fields: dict[str, Any], is_good: bool) -> None:
    world = World(NONE)
    body = {"entities": [enrich("good"), enrich("other", **fields)]}
    world.post(ENRICH, body)
    assert world.taken() == (["good", "other"] if is_good else ["good"])


def test_an_inactive_source_is_refused_unless_assumed_otherwise() -> None:
    world = World(NONE)
    world.platform.org.external_sources[EXTERNAL_SOURCE_ID]["active"] = False
    body = {"entities": [enrich("a", contact={"externalIds": [SHOP]})]}
    world.post(ENRICH, body)
    assert world.taken() == []
    world.control("POST", "assumptions", {"external_sources_must_exist": False})
    world.post(ENRICH, body)
    assert world.taken() == ["a"]
