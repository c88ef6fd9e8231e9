"""What no source says of the platform: named, documented, and run both ways."""

import json
import re
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from lambdas.relay.destinations import journey
from simulator.assumptions import PLATFORM, Assumptions
from simulator.faults import NONE, NORMAL
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID, SCHEMA_ID
from tests.simulator.world import JOURNEY, World, event
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import Simulated, configuration, envelope

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "assumptions.md"
NAMES = [field.name for field in fields(Assumptions)]


def test_the_page_lists_every_assumption_with_its_usual_value() -> None:
    listed = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [line.split("|")[1:3] for line in listed] == [
        [f" `{name}` ", f" {json.dumps(value)} "] for name, value in asdict(PLATFORM).items()
    ]


def test_the_page_says_of_every_name_of_a_permission_where_it_is_from() -> None:
    """Whatever the simulator's endpoints or README's table name."""
    sources = [*(ROOT / "simulator" / "endpoints").glob("*.py"), ROOT / "README.md"]
    said = "".join(source.read_text("utf-8") for source in sources)
    named = set(re.findall(r"[\"`](\w+:\w+:\w+)[\"`]", said))

    assert len(named) >= 20
    assert named == set(re.findall(r"`(\w+:\w+:\w+)`", PAGE.read_text("utf-8")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_or_doubled_either_way(name: str, kind: str) -> None:
    keys = {"honoured_hours": 24, "checked_first": True}
    world = Simulated(configuration(section(kind, key=keys)), replace(NORMAL, keys="honoured"))
    world.platform.assumptions = replace(PLATFORM, **{name: not getattr(PLATFORM, name)})
    if name == "schema_is_enforced":
        schema = world.platform.org.schemas[SCHEMA_ID]["jsonSchema"]
        schema["properties"] = {each: {} for each in ("topic", "conversationId", "correlationId")}
    _, topic, count = KINDS[kind]
    batch = world.batch([envelope(number, topic) for number in range(count)])

    world.write_all()

    assert len(world.taken()) == len(set(world.taken())) == len(batch.events)
    assert world.in_review() == []


def refused(world: World, **changes: object) -> list[str]:
    """Why items of a request with such an event are refused, one by one or together."""
    answer = world.post(JOURNEY, {"entities": [event("good"), {**event("bad"), **changes}]})
    body = json.loads(answer.body)
    if answer.status != 200:
        return [str(body["message"])]
    return [str(row["errorMessage"]) for row in body["unprocessedEntities"]]


STRANGE = {"externalIds": [{"value": "c", "externalSourceId": "genesys-relay"}]}


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("unknown_members_are_refused", {"mood": 1}, "entities[1]: unrecognized field mood"),
        (
            "external_sources_must_exist",
            {"identifiers": STRANGE},
            "externalSourceId is no active external source",
        ),
        ("schema_is_enforced", {"attributes": {"x": 1}}, "attributes.x is not in the schema"),
    ],
)
def test_a_switch_does_what_its_name_says(name: str, change: dict[str, object], words: str) -> None:
    for value in (True, False):
        world = World(NONE)
        world.control("POST", "assumptions", {name: value})
        assert refused(world, **change) == ([words] if value else [])


def test_required_members_are_asked_for_or_not() -> None:
    for value in (True, False):
        world = World(NONE)
        world.control("POST", "assumptions", {"required_members_are_checked": value})
        lacking = {name: part for name, part in event("a").items() if name != "dateCreated"}
        rows = json.loads(world.post(JOURNEY, {"entities": [lacking]}).body)["unprocessedEntities"]
        words = [row["errorMessage"] for row in rows]
        assert words == (["entities[0]: 'dateCreated' is required"] if value else [])


def test_one_wrong_item_refuses_itself_or_all() -> None:
    for value, taken in ((True, []), (False, ["good"])):
        world = World(NONE)
        world.control("POST", "assumptions", {"wrong_shape_refuses_all": value})
        assert refused(world, dateCreated="yesterday") == [
            "entities[1].dateCreated: must be of format date-time"
        ]
        assert world.taken() == taken


def test_events_may_have_to_wait_for_their_activation() -> None:
    for value, status in ((True, 422), (False, 200)):
        world = World(NONE)
        world.control("POST", "assumptions", {"activation_before_events": value})
        world.platform.org.event_definitions[SCHEMA_ID]["activationStatus"] = "Deactivated"
        assert world.events("a").status == status


def test_the_default_item_is_what_genesys_takes() -> None:
    """A business event by the shipped mapping: on the timeline of the customer that it names."""
    there = {
        "kind": "journey-external-events",
        "configuration_id": CONFIGURATION_ID,
        "external_source_id": EXTERNAL_SOURCE_ID,
    }
    world = Simulated(configuration(there))
    world.platform.org.schemas[SCHEMA_ID]["jsonSchema"]["properties"] = journey.ATTRIBUTES
    world.platform.assumptions = replace(PLATFORM, schema_is_enforced=True)
    business = {
        "id": "e1",
        "source": "shop.example",
        "detail-type": "order.shipped",
        "time": "2026-01-09T09:00:00Z",
        "detail": {
            "id": "order-1",
            "type": "order.shipped",
            "occurredAt": "2026-01-09T08:59:00Z",
            "identifiers": {"customerId": "C-1001"},
            "attributes": {"carrier": "DHL"},
        },
    }
    world.batch([json.dumps(business)])

    world.write_all()

    [effect] = world.platform.record.effects
    assert effect.content["identifiers"]["externalIds"][0]["value"] == "C-1001"
    assert effect.content["dateCreated"] == "2026-01-09T08:59:00.000Z"
    assert effect.content["attributes"] == {
        "type": "order.shipped",
        "source": "shop.example",
        "details": '{"carrier":"DHL"}',
    }
