"""What no source says about the platform: named, documented, and run both ways."""

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from lambdas.relay.destinations import journey
from lambdas.relay.messages.sealing import decode
from ops.errors import OpsError
from ops.setup_journey import DEFINITIONS, Wanted, is_activated, set_up
from simulator.assumptions import PLATFORM, Assumptions
from simulator.faults import HOSTILE, NONE, NORMAL, Conduct
from simulator.items import digest
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID, SCHEMA_ID
from tests.ops.test_setup_journey import caller_of
from tests.simulator.world import JOURNEY, World, event
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import SOURCE, Simulated, configuration, envelope

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


def test_required_members_are_demanded_or_not() -> None:
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


def test_activation_finds_the_definition_whatever_id_it_has() -> None:
    for value in (True, False):
        world = Simulated()
        world.platform.assumptions = replace(PLATFORM, definitions_have_their_schemas_id=value)
        caller = caller_of(world)
        wanted = Wanted("Shop", "Steps", ("type",))
        made = {step.what: step for step in set_up(caller, wanted, apply=True)}
        assert made["activation"].made
        assert is_activated(caller, made["schema"].id)
        path = f"{DEFINITIONS}/{made['schema'].id}/activate"
        order = {"displayName": "Again", "rank": 1}
        if value:
            caller.write("PUT", path, order)
        else:
            with pytest.raises(OpsError, match="Event definition not found"):
                caller.write("PUT", path, order)


def brought(world: World) -> list[str]:
    """The topics of the events that come back for a conversation that we brought."""
    body = {
        "eventId": "0b0e8b3c-0000-4000-8000-000000000001",
        "eventDateTime": "2026-01-01T00:00:00Z",
        "conversationId": "0b0e8b3c-0000-4000-8000-000000000002",
    }
    world.post("/api/v2/events/conversations", {"communicationEndedEvents": [body]})
    return [each.detail_type for each in world.platform.drain_caused(world.clock.now + 60)]


def test_conversations_that_we_brought_come_back_or_not() -> None:
    for value in (True, False):
        world = World(NONE)
        world.control("POST", "assumptions", {"brought_conversations_come_back": value})
        topic = "v2.detail.events.conversation.{id}.customer.end"
        assert brought(world) == ([topic] if value else [])


def test_a_correlation_id_comes_back_or_not() -> None:
    for value in (True, False):
        world = World(NONE)
        world.control("POST", "assumptions", {"correlation_id_comes_back": value})
        call = {"phoneNumber": "+493012345"}
        world.post("/api/v2/conversations/calls", call, X_Correlation_Id="ours")
        (event,) = world.platform.drain_caused(world.clock.now + 60)
        assert (event.detail["metadata"]["CorrelationId"] == "ours") is value


@dataclass
class Read:
    """The assumptions, and which of them were read."""

    values: Assumptions
    asked: set[str]

    def __getattr__(self, name: str) -> bool:
        self.asked.add(name)
        return bool(getattr(self.values, name))


#: a destination, the topic of the events that it gets, and what their bodies say
Row = tuple[dict[str, Any], str, list[dict[str, object]]]
#: what is wrong with an event's item under this mapping, if it is wrong under an assumption
FLAWS: tuple[dict[str, object], ...] = (
    {"mood": 1},  # a member that nobody knows
    {"when": "yesterday"},
    {"extra": "x"},  # an attribute that the schema does not have
    {"source": "genesys-relay"},  # an external source that is not there
)
FLAWED_ITEM = {
    "mood": "body.mood",
    "dateCreated": "body.when || occurred_at",
    "identifiers": {
        "externalIds": [{"value": "identity", "externalSourceId": f"body.source || {SOURCE}"}]
    },
    "attributes": {"topic": "detail_type", "extra": "body.extra"},
}


@pytest.mark.parametrize("conduct", [NORMAL, HOSTILE], ids=["normal", "hostile"])
def test_whatever_is_true_of_the_platform_each_event_has_one_fate(conduct: Conduct) -> None:
    """Every kind, and items with flaws, in worlds that are drawn: each assumption true in some and
    false in others, and each of them read."""
    rng, asked = Random(14), set[str]()
    drawn: dict[str, set[bool]] = defaultdict(set)
    journeys = section("journey-external-events", item=FLAWED_ITEM)
    good: list[dict[str, object]] = [{}] * 10
    kinds = [(section(kind), topic, good[:n]) for kind, (_, topic, n) in KINDS.items()]
    # establishing a conversation requires more than the kind's own item contains
    lacking: Row = (section("conversation-events"), "customer.start", [{"kind": "lacks"}] * 5)
    flawed: Row = (journeys, "acw", [*FLAWS * 2, *good])
    call = {**KINDS["conversations"][0]["item"], "callFromQueueId": "body.queue"}
    naming: Row = (section("conversations", item=call), "customer.end", [{"queue": "nowhere"}])
    rows: list[Row] = [*kinds, lacking, flawed, naming]
    for section_, topic, bodies in rows * 4:
        keys = {"honoured_hours": 24, "checked_first": True}
        world = Simulated(configuration({**section_, "key": keys}))
        values = Assumptions(**{name: rng.random() < 0.5 for name in NAMES})
        world.platform.assumptions = cast("Assumptions", Read(values, asked))
        world.platform.org.schemas[SCHEMA_ID]["jsonSchema"]["properties"] = {
            name: {} for name in ("topic", "conversationId", "correlationId")
        }
        list(set_up(caller_of(world), Wanted("Other", "Other steps", ()), apply=True))
        world.platform.conduct = replace(conduct, keys="honoured")
        for name, value in asdict(values).items():
            drawn[name].add(value)
        world.batch([envelope(n, topic, **body) for n, body in enumerate(bodies)])

        world.write_all(6 * 3600)

        refused = [item_of(document) for document in world.in_review()]
        assert len({*world.taken(), *refused}) == len(world.taken()) + len(refused) == len(bodies)
        assert len(refused) <= len([body for body in bodies if body])
    assert asked == set(NAMES)
    assert all(drawn[name] == {True, False} for name in NAMES)


def item_of(document: dict[str, Any]) -> str:
    """The id of the one item that a person has."""
    batch = decode(document["message"])
    (event,) = batch.events
    item = json.loads(event.item)
    return str(item.get("id") or item.get("eventId") or digest(item))


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
