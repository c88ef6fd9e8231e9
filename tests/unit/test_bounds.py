"""Whatever an event says, what is made of it fits: messages, keys and records by construction."""

import json
from typing import Any

import pytest

from lambdas.adapters.clock import SystemClock
from lambdas.adapters.http_event import request_of
from lambdas.adapters.invocation import deliveries_of
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import read_document
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.intake import Deps, intake
from lambdas.relay.kernel.labels import key_text
from lambdas.relay.kernel.reasons import Code, code_of, sentence
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import decode
from stacks.schema.parsing import parse
from tests.unit.kinds import section
from tests.unit.simulated import envelope
from tests.unit.world import World

LISTENING = Confirmation("entity", ("*",), window_s=10, key="id", shows=("number",))
LONG = "é" * 84_000
GENERIC = {"kind": "generic"}
SURROGATE = "\ud800"
DEEP = b'{"errors":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def taken(world: World, *bodies: str, destination: Any = GENERIC, **route: Any) -> list[str]:
    """What comes out of intake and dedup; returns the reasons of what was set aside."""
    configured = parse(
        {
            "destinations": {"there": destination},
            "routes": [{"name": "all", "destination": "there", **route}],
        }
    )
    configured.confirmations["there"] = LISTENING  # type: ignore[index]
    deps = Deps(world.consumer(), world.queue("batches"), configured, world.personal_key)
    assert intake(world.deliver(*bodies), deps) == []
    dedups = DedupDeps(
        consumer=world.consumer("batches"),
        ledger=world.ledger,
        writes=world.queue("writes"),
        checks=world.queue("checks"),
        destinations=("there",),
        confirmations={"there": LISTENING},
        answer_wait_s=0,
    )
    arrived = world.stored_queue("batches").receive(10)
    assert settle_each(arrived, lambda d: dedup(d, dedups), dedups.consumer) == []
    aside = [text for key, text in world.documents.items() if key.startswith("quarantine/")]
    return [json.loads(text)["reason"] for text in aside]


def numbers(world: World) -> list[int]:
    """The events that are on their way to Genesys."""
    bodies = [decode(body) for body in world.bodies("writes")]
    return sorted(
        json.loads(event.item)["customAttributes"]["number"]
        for batch in bodies
        for event in batch.events
    )


ITEM = {
    "id": "id",
    "customAttributes": {"number": "body.number"},
}


@pytest.mark.parametrize(
    "said",
    [
        {"sessionId": LONG},
        {"sessionId": SURROGATE},
        {"id": LONG},
        {"id": SURROGATE},
        {"id": "x" * 2_049},
        {"conversationId": LONG},
        {"sequenceNumber": 10**300},
        {"sequence": -(10**40)},
        {"text": LONG},
    ],
)
def test_an_event_with_an_odd_field_and_its_neighbours_go_on(said: dict[str, Any]) -> None:
    world = World()

    taken(world, envelope(1), envelope(2, **said), envelope(3), item=ITEM)

    assert numbers(world) == [1, 2, 3]


def test_an_id_that_no_key_can_hold_names_nothing() -> None:
    for odd in (LONG, SURROGATE, "x" * 257):
        assert key_text(odd) == ""
    assert key_text("an id") == "an id"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"participantId": SURROGATE}, "an unpaired surrogate"),
        ({"participantId": "p" * 3_000}, "an id has at most 256"),
    ],
)
def test_a_path_that_no_request_has_is_set_aside_and_not_retried(
    said: dict[str, Any], told: str
) -> None:
    world = World()
    reasons = taken(
        world,
        envelope(1),
        envelope(2, **said),
        destination=section("participant-attributes"),
        item={"attributes": {"number": "to_string(body.number)"}},
    )

    assert len(world.bodies("writes")) == 1
    assert len(reasons) == 1
    assert told in sentence(reasons[0])


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e400"])
@pytest.mark.parametrize("function", ["ceil", "floor", "to_number"])
def test_an_expression_that_overflows_is_set_aside_and_not_retried(
    text: str, function: str
) -> None:
    world = World()
    expression = f"{function}(to_number(body.text))"
    item = {**ITEM, "customAttributes": {"number": "body.number", "x": expression}}

    reasons = taken(world, envelope(1, text="7"), envelope(2, text=text), item=item)

    assert numbers(world) == [1]
    assert len(reasons) == 1


def test_an_item_that_doubles_when_it_is_sealed_is_set_aside() -> None:
    """Every quote of an item takes two bytes in its message."""
    world = World()
    item = {**ITEM, "customAttributes": {"number": "body.number", "x": "body.rows"}}

    (reason,) = taken(world, envelope(1, rows=[]), envelope(2, rows=["\\"] * 101_000), item=item)

    assert numbers(world) == [1]
    assert code_of(reason) is Code.SEALED_TOO_LARGE


def test_an_answer_that_nobody_can_read_is_no_document() -> None:
    for body in (DEEP, b"\xff", b"NaN", b"1e999", b"[" * 70 + b"]" * 70):
        with pytest.raises(ValueError, match=r"the answer|utf-8"):
            read_document(body)
    assert read_document(b"") is None


@pytest.mark.parametrize(
    "event",
    [
        {"body": "no base64!", "isBase64Encoded": True},
        {"body": "a", "isBase64Encoded": True},
        {"body": None},
        {"body": None, "isBase64Encoded": True, "headers": None, "pathParameters": None},
        {"body": SURROGATE, "pathParameters": {"sender": None}},
        {"headers": "x", "pathParameters": ["x"], "rawPath": None},
        {"headers": [1], "pathParameters": 5, "body": {"a": 1}},
        {},
    ],
)
def test_any_request_can_be_read(event: dict[str, Any]) -> None:
    request = request_of(event)

    assert isinstance(request.body, bytes)
    assert request.sender == ""


def test_a_body_that_is_no_base64_stays_as_it_came() -> None:
    assert request_of({"body": "no base64!", "isBase64Encoded": True}).body == b"no base64!"


def test_an_attribute_that_is_no_text_counts_as_an_empty_one() -> None:
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "b",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1"},
        "messageAttributes": {"x": {"dataType": "Binary", "binaryValue": "AA=="}},
    }

    (delivery,) = deliveries_of({"Records": [record]}, SystemClock())

    assert delivery.attributes == {"x": ""}


def test_a_bare_event_is_received_for_the_first_time() -> None:
    assert deliveries_of({"id": "e"}, SystemClock())[0].receives == 1
