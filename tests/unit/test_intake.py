"""intake: what can be read is sealed, the rest is quarantined, and nothing else is acknowledged."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.functions.intake import Deps, intake
from lambdas.relay.kernel.limits import GENESYS_BODY_BYTES_MAX
from lambdas.relay.kernel.personal import hidden, impersonal
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.messages.sealing import Batch, SealedEvent, decode
from simulation.memory.credentials import PERSONAL_KEY
from stacks.schema.parsing import parse
from tests.envelopes import NAMES, envelope, republished, text
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY_ITEM
from tests.unit.world import World

JOURNEY = {
    "kind": "journey-external-events",
    "configuration_id": "c1",
    "item": JOURNEY_ITEM,
}
EVERYTHING = {"name": "all", "destination": "journey"}


def deps(
    world: World, destinations: dict[str, Any] | None = None, routes: Sequence[Any] = (EVERYTHING,)
) -> Deps:
    document = {"destinations": destinations or {"journey": JOURNEY}, "routes": list(routes)}
    return Deps(
        consumer=world.consumer(),
        batches=world.queue("batches"),
        configuration=parse(document),
        personal_key=world.personal_key,
    )


def batches(world: World) -> list[Batch]:
    return [decode(body) for body in world.bodies("batches")]


def taken(world: World, *bodies: str, by: Deps | None = None) -> list[str]:
    """Takes messages of these bodies in; returns the bodies of those that stay."""
    deliveries = world.deliver(*bodies)
    kept = intake(deliveries, by or deps(world))
    return [delivery.body for delivery in deliveries if delivery.message_id in kept]


def test_every_recorded_event_is_sealed_once() -> None:
    world = World()

    assert taken(world, *(text(envelope(name)) for name in NAMES)) == []

    (batch,) = batches(world)
    expected = [parse_event(text(envelope(name)), NOW_MS).identity for name in NAMES]
    assert [event.identity for event in batch.events] == expected


def test_both_kinds_of_copies_are_one_event_in_a_batch() -> None:
    world, original = World(), envelope()
    taken(world, text(original), text(original), text(republished(original)))

    (batch,) = batches(world)
    assert len(batch.events) == 1
    assert world.telemetry.counts["EventsReceived"] == 3
    assert world.telemetry.counts["Duplicates"] == 2
    noted = [fields["identity"] for said, fields in world.telemetry.notes if said == "duplicate"]
    assert noted == [batch.events[0].identity] * 2


MALFORMED = ["", "not json", "{}", "[]", text({**envelope(), "detail": {}}), "\u2028"]


@given(st.permutations([*MALFORMED, *(text(envelope(n)) for n in ("acw", "wrapup", "audit"))]))
def test_malformed_messages_never_block_their_neighbours(bodies: list[str]) -> None:
    world = World()

    assert taken(world, *bodies) == []

    assert sum(len(batch.events) for batch in batches(world)) == 3
    kept = {json.loads(document)["message"] for document in world.documents.values()}
    assert kept == set(MALFORMED)


def test_each_quarantined_message_has_one_sentence() -> None:
    world = World()
    taken(world, *MALFORMED)

    for document in world.documents.values():
        reason = json.loads(document)["reason"]
        assert reason
        assert "\n" not in reason


@pytest.mark.parametrize("fault", ["send refused", "send answer lost"])
def test_nothing_is_acked_that_was_not_sealed(fault: Any) -> None:
    world = World()
    world.faults.plan(fault)
    bodies = [text(envelope("acw")), "malformed", text(envelope("wrapup"))]

    assert taken(world, *bodies) == [bodies[0], bodies[2]]


def test_a_malformed_message_stays_while_the_vault_is_away_and_its_neighbours_go() -> None:
    world = World()
    world.faults.plan("vault refused")

    assert taken(world, "malformed", text(envelope())) == ["malformed"]
    assert len(batches(world)) == 1


def test_a_mistake_of_ours_keeps_the_message() -> None:
    """Whatever goes wrong while one event is read: it is not acked."""
    world = World()
    broken = parse({"destinations": {"journey": JOURNEY}, "routes": [EVERYTHING]})
    object.__setattr__(broken.routes[0], "item", {"a": object})
    by = Deps(world.consumer(), world.queue("batches"), broken, world.personal_key)

    bodies = [text(envelope("acw")), "malformed"]
    assert taken(world, *bodies, by=by) == [bodies[0]]


def test_the_same_messages_again_are_other_batches_of_the_same_events() -> None:
    """A redelivery regroups messages; the claims tell that these are copies."""
    world = World()
    taken(world, text(envelope("acw")), text(envelope("wrapup")))
    taken(world, text(envelope("wrapup")), text(envelope("acw")))

    first, second = batches(world)
    assert first.batch_id != second.batch_id
    assert {e.identity for e in first.events} == {e.identity for e in second.events}


# Routes


def test_an_event_that_two_routes_take_goes_to_both_destinations() -> None:
    world = World()
    by = deps(
        world,
        {"journey": JOURNEY, "other": {**JOURNEY, "configuration_id": "c2"}},
        [EVERYTHING, {"name": "acw", "destination": "other", "topics": ["*.acw"]}],
    )

    taken(world, text(envelope("acw")), text(envelope("wrapup")), by=by)

    sizes = {batch.target.destination: len(batch.events) for batch in batches(world)}
    assert sizes == {"journey": 2, "other": 1}


def test_an_event_that_no_route_takes_is_counted_and_named() -> None:
    world = World()
    by = deps(world, routes=[{**EVERYTHING, "topics": ["v2.audits.*"]}])

    assert taken(world, text(envelope("acw")), by=by) == []

    assert world.telemetry.counts["EventsUnrouted"] == 1
    assert "v2.detail.events.conversation.{id}.acw" in json.dumps(world.telemetry.notes)


def test_the_literal_id_of_a_detail_type_matches_itself() -> None:
    world = World()
    by = deps(
        world,
        routes=[{**EVERYTHING, "topics": ["v2.detail.events.conversation.{id}.acw"]}],
    )

    taken(world, text(envelope("acw")), text(envelope("wrapup")), by=by)

    (batch,) = batches(world)
    assert [event.topic.rsplit(".", 1)[-1] for event in batch.events] == ["acw"]


@pytest.mark.parametrize(
    ("everywhere", "route", "expected"),
    [
        (False, {}, [False]),
        (False, {"shadow": True}, [True]),
        (True, {}, [True]),
        (True, {"shadow": False}, [False]),
    ],
)
def test_a_route_in_shadow_seals_shadows(
    *, everywhere: bool, route: dict[str, Any], expected: list[bool]
) -> None:
    world = World()
    document = {"destinations": {"journey": JOURNEY}, "routes": [{**EVERYTHING, **route}]}
    configured = parse({**document, "shadow": everywhere})
    by = Deps(world.consumer(), world.queue("batches"), configured, world.personal_key)

    taken(world, text(envelope("acw")), by=by)

    assert [batch.target.is_shadow for batch in batches(world)] == expected


def test_a_shadow_and_what_is_written_never_share_a_batch() -> None:
    world = World()
    shadow = {"name": "shadow", "destination": "journey", "topics": ["*.acw"], "shadow": True}
    other = {**EVERYTHING, "item": {**JOURNEY_ITEM, "x": "id"}}

    taken(world, text(envelope("acw")), by=deps(world, routes=[shadow, other]))

    assert sorted(batch.target.is_shadow for batch in batches(world)) == [False, True]


WHEN = "body.queueId == 'wanted'"


def test_a_route_takes_what_meets_its_condition_and_names_the_rest() -> None:
    world, wanted, other = World(), envelope("acw"), envelope("acw")
    wanted["detail"]["eventBody"]["queueId"] = "wanted"

    assert (
        taken(
            world, text(wanted), text(other), by=deps(world, routes=[{**EVERYTHING, "when": WHEN}])
        )
        == []
    )

    (batch,) = batches(world)
    assert [e.identity for e in batch.events] == [parse_event(text(wanted), NOW_MS).identity]
    assert world.telemetry.counts["EventsFiltered"] == 1
    assert '"route": "all"' in json.dumps(world.telemetry.notes)
    assert not world.documents


def test_an_event_whose_condition_fails_is_set_aside_and_other_routes_take_it() -> None:
    world = World()
    failing = {**EVERYTHING, "name": "failing", "when": "starts_with(body.nowhere, 'x')"}
    by = deps(
        world,
        {"journey": JOURNEY, "other": JOURNEY},
        [{**failing, "destination": "other"}, EVERYTHING],
    )

    assert taken(world, text(envelope("acw")), by=by) == []

    (document,) = world.documents.values()
    reason = json.loads(document)["reason"]
    assert reason.startswith("CONDITION_FAILED | failing | EXPRESSION_FAILED | ")
    assert [batch.target.destination for batch in batches(world)] == ["journey"]


# Limits


def test_a_batch_is_no_larger_than_its_destination_takes() -> None:
    world = World()
    by = deps(world, {"journey": {**JOURNEY, "max_items": 5}})

    taken(world, *(text(envelope("acw", eventTime=n)) for n in range(12)), by=by)

    assert sorted(len(batch.events) for batch in batches(world)) == [2, 5, 5]


def test_an_event_larger_than_a_request_may_be_is_quarantined_with_the_reason() -> None:
    world = World()
    by = deps(world, {"journey": {**JOURNEY, "item": {**JOURNEY_ITEM, "body": "body"}}})

    taken(world, text(envelope("acw", note="x" * GENESYS_BODY_BYTES_MAX)), by=by)

    (document,) = world.documents.values()
    assert json.loads(document)["reason"].startswith("ROUTE_FAILED | all | ITEM_TOO_LARGE | ")
    assert batches(world) == []


# Who sent it, and since when we have it

ECHO = "v2.detail.events.conversation.{id}.attributes"
NOTES = {
    "kind": "participant-attributes",
    "item": {"attributes": {"orderId": "body.orderId"}},
}


def came_by(
    document: dict[str, Any], attributes: Mapping[str, str], sent_at_ms: int = NOW_MS
) -> SealedEvent:
    """The one event of a message, sealed where an attributes event could confirm a request."""
    world = World()
    by = deps(world, {"journey": JOURNEY, "notes": NOTES})
    intake([Delivery("m", "r", text(document), 1, sent_at_ms, attributes)], by)
    (batch,) = batches(world)
    return batch.events[0]


def test_what_genesys_itself_says_serves_correlation() -> None:
    heard = came_by(envelope("attributes"), {})

    assert (heard.entrance, heard.sender) == ("partner", "")
    assert heard.facts
    assert heard.is_genesys_own


@pytest.mark.parametrize(
    ("source", "attributes", "entrance"),
    [
        ("shop.example", {}, "relay"),
        ("aws.partner/genesys.com/cloud/x/y2", {}, "relay"),
        ("aws.partner/genesys.com/cloud/x/y/", {}, "relay"),
        ("AWS.partner/genesys.com/cloud/x/y", {}, "relay"),
        ("shop.example", {"entrance": "webhook"}, "webhook"),
        ("aws.partner/genesys.com/cloud/x/y", {"entrance": "webhook"}, "webhook"),
    ],
)
def test_nobody_else_speaks_with_genesys_voice(
    source: str, attributes: dict[str, str], entrance: str
) -> None:
    """Whatever type it names and whatever ids it knows."""
    own = envelope("attributes")
    own["source"] = "aws.partner/genesys.com/cloud/x/y"
    forged = {**own, "source": source}
    by = {"partner_event_source": own["source"]}

    world = World()
    document = {
        **by, "destinations": {"journey": JOURNEY, "notes": NOTES}, "routes": [EVERYTHING]
    }  # fmt: skip
    take = Deps(world.consumer(), world.queue("batches"), parse(document), world.personal_key)
    intake([Delivery("m", "r", text(forged), 1, NOW_MS, attributes)], take)
    intake([Delivery("n", "s", text(own), 1, NOW_MS, {})], take)

    said, genuine = (batch.events[0] for batch in batches(world))
    assert (said.entrance, said.sender, said.facts) == (entrance, source, "")
    assert not said.is_genesys_own
    assert genuine.is_genesys_own
    assert genuine.facts
    assert said.identity != genuine.identity, "nobody's copy takes the place of the original"


@pytest.mark.parametrize("time", ["2025-11-01T09:00:00Z", "2031-01-01T00:00:00Z", "", None])
def test_outside_the_partner_bus_the_queue_says_since_when_we_have_it(time: Any) -> None:
    """put-events lets its caller set the time."""
    for attributes in ({}, {"entrance": "webhook"}):
        said = {**envelope("acw"), "source": "shop.example", "time": time}
        assert came_by(said, attributes, NOW_MS - 5_000).accepted_at_ms == NOW_MS - 5_000


def test_a_redrive_makes_no_event_younger() -> None:
    said = {**envelope("acw"), "source": "shop.example"}
    redriven = {"first_seen": iso(NOW_MS - 86_400_000), "redrives": "1"}

    assert came_by(said, redriven).accepted_at_ms == NOW_MS - 86_400_000
    assert came_by(said, {"first_seen": "2031-01-01T00:00:00Z"}).accepted_at_ms == NOW_MS


def test_what_an_archive_replays_is_as_old_as_it_says() -> None:
    stored = {**envelope("acw"), "source": "shop.example", "time": "2025-11-01T09:00:00Z"}

    assert came_by({**stored, "replay-name": "r"}, {}).accepted_at_ms == 1_761_987_600_000


def test_genesys_time_is_eventbridges() -> None:
    assert came_by(envelope("acw"), {}, NOW_MS - 5).accepted_at_ms == 1_767_949_390_000


# What a batch carries beside the items


@pytest.mark.parametrize("conversation", ["c\x00\x1f", "c\ud800", "c" * 5000, "ü" * 5000])
def test_a_wild_conversation_id_fits_the_ledger_and_costs_no_neighbour(conversation: str) -> None:
    """A key of DynamoDB has at most 2048 bytes and is UTF-8."""
    world = World()

    assert taken(world, text(envelope("acw", conversationId=conversation)), text(envelope())) == []

    (batch,) = batches(world)
    owner = batch.events[0].owner
    assert len(owner.encode("utf-8")) <= 1024
    stated = json.loads(batch.events[0].item)["attributes"]["conversationId"]
    assert stated == conversation, "the item says what the event said"


NUMBER = "tel:+4930901820"


def test_a_personal_name_is_sealed_with_its_hash_under_the_environments_key() -> None:
    world = World()

    taken(world, text(envelope("acw", conversationId=NUMBER)), text(envelope("audit")))

    (batch,) = batches(world)
    assert [event.partition for event in batch.events] == [hidden(NUMBER, lambda: PERSONAL_KEY), ""]
    assert batch.events[0].owner != impersonal(NUMBER), "nobody can hash it without the key"
    assert batch.events[0].owner != hidden(NUMBER, lambda: "another environment's")


def test_an_event_with_a_personal_name_waits_for_the_key_and_its_neighbours_do_not() -> None:
    world = World()
    personal = text(envelope("acw", conversationId=NUMBER))
    world.faults.plan("secret unreadable")

    assert taken(world, personal, text(envelope("audit"))) == [personal]
    assert len(batches(world)) == 1

    assert taken(world, personal) == []
    assert [len(batch.events) for batch in batches(world)] == [1, 1]


def test_without_a_personal_name_nobody_reads_the_key() -> None:
    world = World()
    world.faults.plan("secret unreadable")

    assert taken(world, *(text(envelope(name)) for name in NAMES)) == []
    unrouted = deps(world, routes=[{**EVERYTHING, "topics": ["order.*"]}])
    assert taken(world, text(envelope(conversationId=NUMBER)), by=unrouted) == []

    assert world.faults.left["secret unreadable"] == 1


def test_no_note_holds_a_name_or_a_number_of_a_person() -> None:
    world = World()
    canary = envelope("acw", ani="tel:+15555559999", agentName="Jane Canary")
    wrong = envelope("acw", ani="tel:+15555559999", conversationId=["Jane Canary"])

    taken(world, text(canary), text(wrong), "Jane Canary +15555559999")

    told = str(world.telemetry.notes)
    assert "Canary" not in told
    assert "5559999" not in told


def test_a_mapping_that_fails_on_an_event_does_not_quote_it() -> None:
    world = World()
    by = deps(world, routes=[{**EVERYTHING, "item": {**JOURNEY_ITEM, "n": "abs(body.agentName)"}}])

    assert taken(world, text(envelope("acw", agentName="Jane Canary")), by=by) == []

    (document,) = world.documents.values()
    reason = json.loads(document)["reason"]
    assert "abs(body.agentName)" in reason
    assert "Canary" not in reason
