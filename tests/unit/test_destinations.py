"""Every kind of destination against the simulator: taken once, failures told apart, ids kept."""

import json
import uuid
from typing import Any

import pytest

from lambdas.relay.destinations import kinds as configured
from lambdas.relay.destinations.results import Unreadable
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.routes.rendering import rendered
from simulator.faults import Conduct
from simulator.items import Poison
from simulator.organization import CONTACT_LIST_ID
from tests.unit.batches import NOW_MS
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import Simulated, configuration, envelope

PER_ITEM = (
    "journey-external-events",
    "conversation-events",
    "external-contacts-enrich",
    "external-metrics",
)


def world_of(kind: str, conduct: Conduct | None = None, **more: Any) -> Simulated:
    return Simulated(configuration(section(kind, **more)), conduct or Conduct())


def texts_of(kind: str) -> list[str]:
    _, topic, count = KINDS[kind]
    return [envelope(number, topic) for number in range(count)]


def test_every_kind_is_shown_here() -> None:
    assert set(KINDS) == {k.name for k in configured.KINDS.values() if k.service == "genesys"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_taken_with_one_request(kind: str) -> None:
    world = world_of(kind)
    batch = world.batch(texts_of(kind))
    world.write_all()
    assert world.state(batch) in ("DONE", "PENDING_EVENT")
    assert len(world.posts()) == 1
    assert len(set(world.taken())) == len(texts_of(kind))
    assert not world.platform.record.violations


@pytest.mark.parametrize("kind", KINDS)
def test_a_poison_event_ends_in_review_and_its_neighbours_are_delivered(kind: str) -> None:
    world = world_of(kind)
    batch = world.batch(texts_of(kind))
    poison = max(event.item for event in batch.events)
    marker = json.dumps(json.loads(poison))
    bad = _distinctive(json.loads(poison))
    world.platform.poison = Poison(frozenset(), bad, "endpoint", 400)
    world.write_all()
    refused = sum(bad in event.item for event in batch.events)
    assert refused == 1, marker
    assert len(set(world.taken())) == len(batch.events) - refused
    assert len(world.in_review()) == refused


def _distinctive(item: Any) -> str:
    """A text that only this item has: an id of it, or its only text."""
    for name in ("id", "eventId", "conversationId", "userId"):
        if name in item:
            return str(item[name])
    if "relayId" in item["attributes"]:
        return str(item["attributes"]["relayId"])
    return "v2.detail.events.conversation.{id}.acw"


@pytest.mark.parametrize("kind", PER_ITEM)
def test_items_that_fail_for_now_are_sent_again_and_only_they(kind: str) -> None:
    world = world_of(kind, Conduct(item_retryable=0.4))
    world.batch(texts_of(kind))
    world.write_once()
    first = len(world.taken())
    assert 0 < first < len(texts_of(kind))
    world.platform.conduct = Conduct()
    world.write_all()
    assert len(world.taken()) == len(set(world.taken())) == len(texts_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_ids_come_from_the_identity_alone(kind: str) -> None:
    one, other = world_of(kind), world_of(kind)
    text = texts_of(kind)[0]
    later = text.replace('"id": "e0"', '"id": "published again"')
    assert later != text
    assert one.batch([text]).events[0].item == other.batch([later], "x").events[0].item


def test_ids_that_must_be_of_version_4_are() -> None:
    kind = "conversation-events"
    (event,) = world_of(kind).batch(texts_of(kind)[:1]).events
    assert uuid.UUID(json.loads(event.item)["eventId"]).version == 4


def test_results_in_another_order_are_matched_by_id() -> None:
    world = world_of("external-contacts-enrich")
    batch = world.batch(texts_of("external-contacts-enrich"))
    bad = json.loads(batch.events[3].item)["id"]
    world.platform.poison = Poison(frozenset({bad}), "", "endpoint", 400)
    world.write_all()
    (document,) = world.in_review()
    assert bad in document["message"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("external-contacts-enrich", {}),
        ("external-contacts-enrich", []),
        ("conversation-events", []),
        ("conversation-events", {"accepted": True}),
        ("external-metrics", {}),
        ("outbound-contacts", {"message": "ok"}),
        ("outbound-contacts", None),
        ("conversations", None),
    ],
)
def test_a_document_of_another_endpoint_proves_nothing(kind: str, answer: Any) -> None:
    world = world_of(kind)
    batch = world.batch(texts_of(kind))
    assert world.configuration.destinations["there"].read_results(answer, batch.events) is None


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("external-contacts-enrich", {"results": []}),
        ("external-contacts-enrich", {"results": [{"id": "another", "success": True}]}),
        ("external-contacts-enrich", "each of ours, and none says whether it was a success"),
        ("conversation-events", {"errors": [{"eventId": "another"}]}),
        ("conversation-events", {"errors": "none"}),
        ("external-metrics", {"unprocessedEntities": [{"userId": "another", "message": "x"}]}),
        ("external-metrics", {"unprocessedEntities": ["x"]}),
        ("outbound-contacts", []),
        ("conversations", {}),
        ("generic", {"errors": [{"eventId": "another"}]}),
    ],
)
def test_an_answer_whose_details_name_nothing_of_ours_blames_nobody(kind: str, answer: Any) -> None:
    world = world_of(kind)
    batch = world.batch(texts_of(kind))
    if isinstance(answer, str):
        answer = {"results": [{"id": json.loads(event.item)["id"]} for event in batch.events]}
    read = world.configuration.destinations["there"].read_results(answer, batch.events)
    assert isinstance(read, Unreadable)


def test_cumulative_metrics_are_not_repeated_unless_configured() -> None:
    def there(**more: Any) -> Any:
        return configuration(section("external-metrics", **more)).destinations["there"]

    assert there().is_repeatable
    assert not there(type="Cumulative").is_repeatable
    assert there(type="Cumulative").unknown == "manual"
    assert there(type="Cumulative", unknown="repost").unknown == "repost"


def test_a_cumulative_value_counts_once() -> None:
    world = world_of("external-metrics", Conduct(lost_answer=1.0), type="Cumulative")
    world.batch([envelope(7)])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()
    assert [total[0] for total in world.platform.org.metric_totals.values()] == [7.0]
    assert len(world.in_review()) == 1


def test_one_request_can_hold_several_lists() -> None:
    world = world_of("conversation-events")
    world.batch([envelope(1, "customer.start"), envelope(2, "acd.start"), envelope(3, "wrapup")])
    world.write_all()
    (request,) = world.posts()
    assert set(json.loads(request.body)) == {
        "externalEstablishedEvents",
        "routingEstablishedEvents",
        "communicationDispositionAppliedEvents",
    }


def test_a_single_request_goes_to_its_events_own_path() -> None:
    world = world_of("participant-attributes")
    world.batch([envelope(4)])
    world.write_all()
    event = parse_event(envelope(4), NOW_MS)
    (request,) = world.posts()
    assert request.method == "PATCH"
    assert request.path.endswith(f"/{event.conversation_id}/participants/p4/attributes")


def test_a_generic_destination_can_be_an_array_by_another_method() -> None:
    path = f"/api/v2/outbound/contactlists/{CONTACT_LIST_ID}/contacts"
    item = {"contactListId": f"'{CONTACT_LIST_ID}'", "data": {"n": "to_string(body.number)"}}
    world = world_of("generic", path=path, list="", item=item)
    world.batch([envelope(1), envelope(2)])
    world.write_all()
    assert len(world.taken()) == 2


def test_a_generic_destination_can_take_one_thing_at_a_path_of_its_own() -> None:
    """PATCH /api/v2/interactions/{id}, with what was mapped: text B of docs/migration.md."""
    interaction = section(
        "generic",
        method="PATCH",
        path="/api/v2/interactions/{interaction}/notes/{number}",
        path_values={"interaction": "body.conversationId", "number": "to_string(body.number)"},
        single=True,
        item={"note": "body.mood"},
    )
    (route,) = configuration(interaction).routes
    event = parse_event(envelope(3, mood="good"), NOW_MS)

    made = rendered(route, event)

    where = f"/api/v2/interactions/{event.body['conversationId']}/notes/3"
    assert (made.target.method, made.target.path, made.target.shape) == ("PATCH", where, "single")
    assert made.item == '{"note":"good"}'
    assert route.destination.most_items == 1


def test_an_event_without_the_id_of_its_path_is_set_aside() -> None:
    interaction = section(
        "generic", path="/api/v2/x/{x}", path_values={"x": "body.nowhere"}, single=True
    )
    (route,) = configuration(interaction).routes
    with pytest.raises(Malformed, match="the path needs x, which is missing"):
        rendered(route, parse_event(envelope(3), NOW_MS))


def test_a_list_can_go_to_paths_of_their_own_too() -> None:
    things = section("generic", path="/api/v2/x/{x}", path_values={"x": "body.conversationId"})
    (route,) = configuration(things).routes
    made = rendered(route, parse_event(envelope(3), NOW_MS))
    assert (made.target.shape, made.into) == ("lists", "events")
    assert set(json.loads(made.item)) == {"id", "event"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (section("generic", path="/x/{id}"), "there.path_values must .* no others: id$"),
        (section("generic", path_values={"id": "id"}), "no others: path has none$"),
        (section("generic", path="/x/{id.a}", path_values={}), "there.path is '/x/{id.a}'"),
        (section("generic", path="/x/{id", path_values={}), "with braces around names only"),
        (section("generic", path="/x/{id}", path_values={"id": 7}), "path_values.id is 7"),
        (section("generic", path="/x/{id}", path_values={"id": "]["}), "path_values.id is no"),
        (section("generic", single=1), "there.single is 1; expected true or false"),
        (section("generic", single=True, list="x"), "there.list has no effect"),
        (section("generic", single=True, max_items=2), "max_items has no effect"),
        (section("external-contacts-enrich", max_items=11), "whole number from 1 to 10"),
        (section("participant-attributes", max_items=2), "whole number from 1 to 1$"),
        (section("external-metrics", type="Sum"), 'there.type is "Sum"; expected "Total"'),
        ({"kind": "outbound-contacts"}, "there.contact_list_id is missing; expected the id"),
        ({"kind": "external-metrics"}, r"routes\[0\] needs item, a mapping"),
        (section("generic", path="events"), "there.path is 'events'"),
        (section("generic", method="GET"), 'there.method is "GET"; expected "POST"'),
        (section("generic", list=7), "there.list is 7"),
        (section("conversation-events", lists={}), "there.lists must name"),
        (
            section("participant-attributes", path_values={"x": "y"}),
            "path_values.x is .*expressions for conversation_id",
        ),
        (section("generic", item=["body"]), r'there.item is \["body"\]; expected a table'),
    ],
)
def test_what_is_wrong_with_a_destination_is_reported(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        configuration(wrong)
