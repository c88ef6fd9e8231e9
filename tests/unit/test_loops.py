"""A route over the events that our own writes cause: what they already show is not written."""

import json
from typing import Any

import pytest

from lambdas.relay.destinations.correlation import CANDIDATES, read_facts
from lambdas.relay.functions.intake import Deps, intake
from lambdas.relay.messages.sealing import decode
from stacks.schema.parsing import parse
from tests.unit.world import World

CONVERSATION = "00000091-0000-4000-8000-00000000009a"
ATTRIBUTES = "v2.detail.events.conversation.{id}.attributes"
MANY = {f"field{n:02}": "x" * 25 for n in range(70)}


def shown(attributes: dict[str, Any], **body: Any) -> str:
    """What Genesys publishes when a participant's attributes change: all of them."""
    return json.dumps(
        {
            "id": "00a0001a-0000-4000-8000-000000a0001a",
            "detail-type": ATTRIBUTES,
            "source": "aws.partner/genesys.com/cloud/3f1c9a52-7d4e-4b1a-9c55-0a1b2c3d4e5f/relay",
            "time": "2026-01-09T09:00:01Z",
            "detail": {
                "topicName": ATTRIBUTES.replace("{id}", CONVERSATION),
                "version": "2",
                "eventBody": {
                    "eventTime": 1_767_949_201_000,
                    "conversationId": CONVERSATION,
                    "participantId": "P-1",
                    "attributes": attributes,
                    **body,
                },
                "timestamp": "2026-01-09T09:00:01.100Z",
            },
        }
    )


def taken(text: str, attributes: Any, **destination: Any) -> World:
    world = World()
    configuration = parse(
        {
            "destinations": {"there": {"kind": "participant-attributes", **destination}},
            "routes": [
                {
                    "name": "all",
                    "destination": "there",
                    "topics": ["*"],
                    "item": {"attributes": attributes},
                }
            ],
        }
    )
    assert (
        intake(
            world.deliver(text),
            Deps(world.consumer(), world.queue("batches"), configuration, world.personal_key),
        )
        == []
    )
    return world


def written(world: World) -> list[str]:
    batches = [decode(body) for body in world.bodies("batches")]
    return [b.events[0].item for b in batches if b.target != CANDIDATES]


@pytest.mark.parametrize(
    ("attributes", "mapping"),
    [
        ({**MANY, "orderId": "4711"}, {"orderId": "'4711'"}),
        ({"orderId": "4711"}, {"orderId": "`4711`"}),
        ({**MANY, "orderId": "4711"}, "{orderId: body.attributes.orderId}"),
        ({"a": "1", "b": "2", "c": "3"}, {"a": "'1'", "b": "'2'"}),
        ({"long": "y" * 9_000}, {"long": "body.attributes.long"}),
    ],
)
def test_what_the_event_shows_is_not_written_and_still_confirms(
    attributes: dict[str, Any], mapping: Any
) -> None:
    world = taken(shown(attributes), mapping)

    assert written(world) == []
    assert world.telemetry.counts["AlreadyShown"] == 1
    (batch,) = [decode(body) for body in world.bodies("batches")]
    assert batch.target == CANDIDATES
    assert read_facts(batch.events[0]).shows["attributes"].keys() == attributes.keys()


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (shown({**MANY, "orderId": "4712"}), {}),
        (shown(MANY), {}),
        (shown({}), {}),
        # The attributes of another participant, or of another conversation, are not shown.
        (shown({"orderId": "4711"}), {"participant_id": "'p-2'"}),
        (shown({"orderId": "4711"}), {"conversation_id": "'another'"}),
        # A user's attributes are no participant's.
        (shown({"orderId": "4711"}).replace(".attributes", ".customer.start"), {}),
    ],
)
def test_what_it_does_not_show_is_written(text: str, more: dict[str, str]) -> None:
    world = taken(text, {"orderId": "'4711'"}, **({"path_values": more} if more else {}))

    assert written(world) == ['{"attributes":{"orderId":"4711"}}']


def test_the_letter_case_of_ids_makes_no_difference() -> None:
    text = shown({"orderId": "4711"}, conversationId=CONVERSATION.upper(), participantId="p-1")

    own = {"conversation_id": f"'{CONVERSATION}'", "participant_id": "'P-1'"}
    assert written(taken(text, {"orderId": "'4711'"}, path_values=own)) == []


def test_one_attribute_that_is_new_is_written_with_the_others() -> None:
    world = taken(shown({"a": "1"}), {"a": "'1'", "b": "'2'"})

    assert written(world) == ['{"attributes":{"a":"1","b":"2"}}']
