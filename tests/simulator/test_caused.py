"""The events that writes cause, and the fates they can meet."""

import json
from dataclasses import replace

import pytest

from simulator.faults import NONE
from tests.simulator.world import World

CALLS = "/api/v2/conversations/calls"
CALL = {"phoneNumber": "+493012345"}


def drained(world: World) -> list[str]:
    return [event["fate"] for event in world.control("GET", "caused")["events"]]


def test_a_write_causes_an_event_with_its_correlation_id() -> None:
    world = World(NONE)
    world.begin("c1", "p1")
    body = json.dumps({"attributes": {"a": "1"}}).encode()
    path = "/api/v2/conversations/c1/participants/p1/attributes"
    world.call("PATCH", path, body, X_Correlation_Id="corr")
    assert drained(world) == []
    world.clock.now += 0.5
    [event] = world.control("GET", "caused")["events"]
    assert event["detail_type"] == "v2.detail.events.conversation.{id}.attributes"
    assert event["detail"]["topicName"] == "v2.detail.events.conversation.c1.attributes"
    assert event["detail"]["metadata"] == {"CorrelationId": "corr"}
    assert event["detail"]["timestamp"] == "2026-01-01T00:00:00.500Z"
    assert event["detail"]["eventBody"]["participantId"] == "p1"
    assert event["detail"]["eventBody"]["attributes"] == {"a": "1"}
    assert drained(world) == []


def test_without_a_correlation_id_the_event_has_genesys_own() -> None:
    world = World(NONE)
    answer = world.post(CALLS, CALL)
    [event] = world.control("GET", "caused", {"wait": "false"})["events"]
    assert event["detail"]["metadata"]["CorrelationId"] == answer.headers["ININ-Correlation-Id"]


@pytest.mark.parametrize(
    ("fate", "at_once", "soon", "in_the_end", "effect"),
    [
        ("on_time", 0, 1, 1, True),
        ("late", 0, 0, 1, True),
        ("twice", 0, 2, 2, True),
        ("before_answer", 1, 1, 1, True),
        ("never", 0, 0, 0, True),
        ("never_nor_effect", 0, 0, 0, False),
    ],
)
def test_a_fate_decides_when_the_event_comes(
    fate: str, at_once: int, soon: int, in_the_end: int, effect: bool
) -> None:
    world = World(NONE)
    world.control("POST", "fates", {"next": [fate]})
    answer = world.post(CALLS, CALL)
    assert answer.status == 202
    assert (answer.delay_s > 0) is (fate == "before_answer")
    seen, counts = 0, []
    for seconds in (0, 0.5, 14.5):
        world.clock.now += seconds
        seen += len(drained(world))
        counts.append(seen)
    assert counts == [at_once, soon, in_the_end]
    assert (len(world.taken()) == 1) is effect
    read_back = world.get(json.loads(answer.body)["selfUri"]).status
    assert read_back == (200 if effect else 404)


def test_a_fate_can_be_left_to_chance() -> None:
    world = World(replace(NONE, event_never=0.5))
    for _ in range(100):
        world.post(CALLS, CALL)
    world.clock.now += 1
    assert 30 < len(drained(world)) < 70


def test_an_effect_that_never_was_is_not_kept_under_its_key() -> None:
    world = World(replace(NONE, keys="honoured"))
    world.control("POST", "fates", {"next": ["never_nor_effect"]})
    for _ in range(2):
        world.post(CALLS, CALL, Idempotency_Key="k")
    assert len(world.taken()) == 1
