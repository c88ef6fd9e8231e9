"""Each fault of the simulated Genesys: what the client sees, what really happened."""

import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.faults import FAULTS, HOSTILE, NONE, PRESETS, Conduct, changed
from simulator.validation import InvalidSetting
from tests.simulator.world import World


def always(fault: str, **settings: Any) -> Conduct:
    return changed(NONE, {fault: 1.0, **settings})


@pytest.mark.parametrize(
    ("fault", "effect", "answered"),
    [
        ("rate_limited", False, True),
        ("error", False, True),
        ("error_after_effect", True, True),
        ("slow", True, True),
        ("lost_answer", True, False),
        ("lost_request", False, False),
        ("late_effect", False, False),
        ("reset", False, False),
        ("reset_after_effect", True, False),
        ("truncated", True, False),
        ("html", True, True),
        ("redirect", False, True),
        ("token_revoked", False, True),
    ],
)
def test_a_fault_does_what_its_name_says(fault: str, effect: bool, answered: bool) -> None:
    world = World(always(fault))
    answer = world.events("a")
    assert bool(world.taken()) is effect
    assert answer.dropped is not answered
    assert world.platform.record.requests[-1].fault == fault
    assert world.control("GET", "summary")["faults"] == {fault: 1}


def test_the_table_above_lists_every_fault() -> None:
    marks = test_a_fault_does_what_its_name_says.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(FAULTS)


def test_a_late_effect_comes_after_the_client_gave_up() -> None:
    world = World(always("late_effect", late_s=10.0))
    world.events("a")
    world.control("POST", "conduct", {"preset": "none"})
    assert world.taken() == []
    due_at = world.platform.next_due_at()
    assert due_at is not None
    assert 5 <= due_at - world.clock.now <= 10
    world.clock.now = due_at
    assert world.taken() == ["a"]
    assert world.platform.record.effects[0].at == due_at
    assert world.platform.next_due_at() is None


def test_a_late_request_under_a_key_that_meanwhile_took_effect_does_nothing() -> None:
    world = World(always("late_effect", late_s=10.0, keys="honoured"))
    world.events("a", Idempotency_Key="k")
    world.control("POST", "conduct", {"preset": "none"})
    world.events("a", Idempotency_Key="k")
    world.clock.now += 10
    assert world.taken() == ["a"]


def test_a_lost_answer_hangs_as_long_as_configured() -> None:
    answer = World(always("lost_answer", hang_s=60.0)).events("a")
    assert (answer.delay_s, answer.dropped, answer.body) == (60.0, True, b"")


def test_a_truncated_answer_is_half_a_body() -> None:
    answer = World(always("truncated")).events("a")
    assert answer.dropped
    assert answer.body
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(answer.body)


def test_an_html_answer_is_a_success_by_status_only() -> None:
    answer = World(always("html")).events("a")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")


def test_a_revoked_token_is_gone() -> None:
    world = World(always("token_revoked"))
    assert world.events("a").status == 401
    world.control("POST", "conduct", {"preset": "none"})
    assert world.events("a").status == 401


def test_an_outage_ends_by_itself() -> None:
    world = World(NONE)
    world.control("POST", "outage", {"seconds": 1800})
    assert world.events("a").status == world.login("any").status == 503
    world.control("POST", "outage", {"seconds": 1800, "manner": "drop"})
    assert world.events("a").dropped
    world.clock.now += 1800
    assert world.events("a").status == 200
    assert world.taken() == ["a"]


def test_a_rejected_item_is_rejected_on_every_retry() -> None:
    world = World(replace(NONE, item_rejected=0.3, item_retryable=0.3))
    ids = [f"item-{number}" for number in range(50)]
    rejected: list[set[str]] = []
    retryable: list[set[str]] = []
    for _ in range(2):
        failed = json.loads(world.events(*ids).body)["unprocessedEntities"]
        rejected.append({e["event"]["id"] for e in failed if not e["isRetryable"]})
        retryable.append({e["event"]["id"] for e in failed if e["isRetryable"]})
    assert rejected[0] == rejected[1] != set()
    assert retryable[0] != retryable[1]
    assert set(world.platform.record.rejected) == rejected[0]


def test_poison_is_rejected_per_item_where_the_endpoint_can_say_so() -> None:
    world = World(NONE)
    world.control("POST", "poison", {"ids": ["b"]})
    failed = json.loads(world.events("a", "b", "c").body)["unprocessedEntities"]
    assert [(e["originalRequestIndex"], e["isRetryable"]) for e in failed] == [(1, False)]
    assert world.taken() == ["a", "c"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_poison_can_refuse_the_whole_batch_until_it_stands_alone(status: int) -> None:
    world = World(NONE)
    world.control("POST", "poison", {"ids": ["b"], "rejects": "batch", "status": status})
    assert world.events("a", "b", "c").status == status
    assert world.taken() == []
    assert world.platform.record.rejected == {}
    assert world.events("b").status == status
    assert list(world.platform.record.rejected) == ["b"]


def test_the_marker_poisons_any_item_that_contains_it() -> None:
    world = World(NONE)
    events = [{"id": "a", "deep": [{"er": "a poison-pill here"}]}, {"id": "b"}]
    path = "/api/v2/analytics/events/write"
    assert world.post(path, {"events": events}).status == 400
    assert world.post(path, {"events": events[1:]}).status == 200
    assert world.taken() == ["b"]


def test_a_forbidden_endpoint_answers_403() -> None:
    world = World(NONE)
    world.control("POST", "conduct", {"forbidden": ["journey-external-events"]})
    answer = world.events("a")
    assert (answer.status, json.loads(answer.body)["code"]) == (403, "missing.any.permissions")


def trace(seed: int) -> list[Any]:
    world = World(HOSTILE, seed=seed)
    answers = []
    for number in range(300):
        world.clock.now += 0.3
        answers.append(world.events(f"a{number}", f"b{number}", Idempotency_Key=f"k{number}"))
        if answers[-1].status == 401:
            world = World(HOSTILE, seed=seed + number)
    return [answers, world.platform.record.effects, world.platform.record.requests]


def test_the_same_seed_and_requests_give_the_same_answers() -> None:
    assert trace(7) == trace(7)
    assert trace(7) != trace(8)


def test_hostile_conduct_shows_every_fault_in_its_share() -> None:
    world = World(replace(HOSTILE, token_revoked=0.0), allowed=10_000)
    for number in range(4000):
        world.clock.now += 5
        world.events(f"e{number}")
    counted = world.platform.record.faults
    for fault in set(FAULTS) - {"token_revoked"}:
        share = getattr(HOSTILE, fault)
        assert 0.5 * share < counted[fault] / 4000 < 1.7 * share, fault


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"errr": 0.1}, "conduct: errr: unexpected keyword argument"),
        ({"error": 1.5}, "conduct: error: input should be less than or equal to 1"),
        ({"error": "much"}, "conduct: error: input should be a valid number"),
        ({"preset": "evil"}, "preset 'evil' is none of none, normal, hostile"),
        ({"error": 0.6, "slow": 0.6}, "the fault shares add up to more than 1"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(changes: Any, sentence: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        changed(NONE, changes)
    assert sentence in str(invalid.value).lower()
    assert "\n" not in str(invalid.value)


def test_a_preset_leaves_the_treatment_of_keys_alone() -> None:
    conduct = changed(replace(NONE, keys="honoured", error=0.5), {"preset": "hostile"})
    assert conduct == replace(PRESETS["hostile"], keys="honoured")
