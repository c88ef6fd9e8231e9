"""What the simulated Genesys does with a request that comes twice."""

import json
from dataclasses import replace

import pytest

from simulator.faults import NONE
from tests.simulator.world import World

HONOURED = replace(NONE, keys="honoured")


def test_a_repeated_key_replays_the_first_answer_without_a_second_effect() -> None:
    world = World(replace(HONOURED, item_retryable=0.5))
    first = world.events("a", "b", "c", "d", Idempotency_Key="k")
    taken = world.taken()
    again = world.events("a", "b", "c", "d", Idempotency_Key="k")
    assert again.body == first.body
    assert world.taken() == taken
    assert world.control("GET", "summary")["replayed"] == 1


def test_without_keys_every_repetition_is_a_duplicate_and_is_counted() -> None:
    world = World(NONE)
    for _ in range(3):
        world.events("a", Idempotency_Key="k")
    assert world.taken() == ["a", "a", "a"]
    summary = world.control("GET", "summary")
    assert (summary["duplicates"], summary["distinct_items"]) == (2, 1)


def test_a_key_is_forgotten_after_its_time() -> None:
    world = World(replace(HONOURED, key_ttl_s=60.0))
    world.events("a", Idempotency_Key="k")
    world.clock.now += 60
    world.events("a", Idempotency_Key="k")
    assert world.taken() == ["a"]
    world.clock.now += 1
    world.events("a", Idempotency_Key="k")
    assert world.taken() == ["a", "a"]


def test_a_repeated_key_may_be_answered_409() -> None:
    world = World(replace(NONE, keys="conflict"))
    world.events("a", Idempotency_Key="k")
    answer = world.events("a", Idempotency_Key="k")
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "conflict")
    assert world.taken() == ["a"]


@pytest.mark.parametrize("keys", ["honoured", "conflict", "ignored"])
def test_a_key_with_another_body_is_a_violation(keys: str) -> None:
    world = World(NONE)
    world.control("POST", "conduct", {"keys": keys})
    world.events("a", Idempotency_Key="k")
    answer = world.events("b", Idempotency_Key="k")
    assert answer.status == (200 if keys == "ignored" else 422)
    assert [v.kind for v in world.platform.record.violations] == ["key_reused"]


def test_a_key_that_was_never_carried_out_protects_nothing_but_is_watched() -> None:
    world = World(HONOURED, allowed=0)
    world.events("a", Idempotency_Key="k")
    world.platform.limiter.allowed = 10
    assert world.events("b", Idempotency_Key="k").status == 200
    assert len(world.platform.record.violations) == 1


def test_a_correlation_id_of_another_request_is_a_violation_too() -> None:
    world = World(NONE)
    world.events("a", X_Correlation_Id="c")
    world.events("a", X_Correlation_Id="c")
    assert world.platform.record.violations == []
    world.events("b", X_Correlation_Id="c")
    assert [v.kind for v in world.platform.record.violations] == ["correlation_id_reused"]


def test_ids_in_the_body_can_be_honoured() -> None:
    world = World(replace(NONE, ids="honoured"))
    world.events("a", "b")
    assert json.loads(world.events("b", "c").body) == {"unprocessedEntities": []}
    assert world.taken() == ["a", "b", "c"]
    assert world.control("GET", "summary")["deduplicated"] == 1


def test_an_honoured_key_can_keep_a_server_error() -> None:
    world = World(replace(HONOURED, error=1.0, key_keeps_errors=True))
    status = world.events("a", Idempotency_Key="k").status
    world.control("POST", "conduct", {"error": 0.0})
    assert world.events("a", Idempotency_Key="k").status == status >= 500
    assert world.taken() == []


def test_a_merge_that_comes_twice_is_a_repetition_and_no_duplicate() -> None:
    world = World(NONE)
    world.begin("c1", "p1")
    path = "/api/v2/conversations/c1/participants/p1/attributes"
    for value in ("1", "1", "2"):
        body = json.dumps({"attributes": {"step": value}}).encode()
        assert world.call("PATCH", path, body).status == 202
    effects = world.platform.record.effects
    assert [(e.idempotent, e.repetition) for e in effects] == [
        (True, False),
        (True, True),
        (True, False),
    ]
    summary = world.control("GET", "summary")
    assert (summary["duplicates"], summary["repetitions"]) == (0, 1)
