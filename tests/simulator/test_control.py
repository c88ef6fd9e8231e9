"""The control API and what is saved between two runs."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulator import state
from simulator.faults import NONE
from simulator.platform import GenesysPlatform
from simulator.validation import InvalidSetting
from tests.simulator.world import World


def test_the_record_names_item_content_key_correlation_and_request() -> None:
    world = World(NONE)
    world.events("a", "b", Idempotency_Key="k", X_Correlation_Id="c")
    record = world.control("GET", "record")
    assert [effect["item_id"] for effect in record["effects"]] == ["a", "b"]
    effect, request = record["effects"][0], record["requests"][-1]
    assert (effect["key"], effect["correlation_id"]) == ("k", "c")
    assert effect["content"]["id"] == "a"
    assert effect["request"] == request["number"]
    assert (request["items"], request["status"], request["answered"]) == (2, 200, True)


def test_the_record_is_read_page_by_page() -> None:
    world = World(NONE)
    world.events(*"abcde")
    page = world.control("GET", "record", {"effects_from": "3", "limit": "2"})
    assert [effect["item_id"] for effect in page["effects"]] == ["c", "d"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("outage", {}, "outage: seconds: field required"),
        ("outage", {"seconds": -1}, "outage: seconds: input should be greater than"),
        ("limit", {"allowed": "many"}, "limit: allowed: input should be a valid integer"),
        ("limit", {"alowed": 1}, "limit: alowed: unexpected keyword argument"),
        ("poison", {"ids": "a"}, "poison: ids: input should be a valid array"),
        ("fates", {"next": ["doom"]}, "fates: next.0: input should be 'on_time', 'late'"),
        ("secrets", {"secrets": [1]}, "secrets: secrets.0: input should be a valid string"),
        ("conduct", ["error"], "must be a JSON object"),
    ],
)
def test_bad_input_is_400_with_one_sentence(name: str, value: Any, sentence: str) -> None:
    answer = World(NONE).ask("POST", name, value)
    error = json.loads(answer.body)["error"]
    assert answer.status == 400
    assert sentence in error
    assert "\n" not in error


def test_a_wrong_page_number_is_400() -> None:
    assert World(NONE).ask("GET", "record", {"effects_from": "x"}).status == 400


def test_an_unknown_control_call_lists_the_known_ones() -> None:
    answer = World(NONE).ask("GET", "nothing")
    assert answer.status == 404
    assert "POST /_sim/outage" in json.loads(answer.body)["error"]


def test_reset_is_as_at_the_start() -> None:
    world = World(replace(NONE, item_retryable=0.5), seed=3)
    first = world.events(*"abcdefgh").body
    world.control("POST", "limit", {"allowed": 1})
    world.control("POST", "conduct", {"preset": "none"})
    world.control("POST", "reset")
    assert world.taken() == []
    world.login("simulated-secret")
    assert world.events(*"abcdefgh").body == first


def test_a_saved_platform_remembers_keys_tokens_contacts_and_its_record(tmp_path: Path) -> None:
    file = tmp_path / "genesys.json"
    before = World(replace(NONE, keys="honoured"))
    first = before.events("a", Idempotency_Key="k")
    made = json.loads(before.post("/api/v2/conversations/calls", {"phoneNumber": "1"}).body)
    state.save(before.platform, file)

    after = World(replace(NONE, keys="honoured"))
    after.bearer = before.bearer
    after.platform = GenesysPlatform(after.clock, Random(1), replace(NONE, keys="honoured"))
    state.load(after.platform, file)
    assert after.platform.record.effects == before.platform.record.effects
    assert after.platform.record.summary() == before.platform.record.summary()
    assert after.get(made["selfUri"]).status == 200
    assert after.events("a", Idempotency_Key="k").body == first.body
    after.events("b", Idempotency_Key="k")
    assert len(after.platform.record.violations) == 1
    assert len(after.taken()) == 2


def test_a_broken_state_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "genesys.json"
    file.write_text("{}")
    with pytest.raises(InvalidSetting, match=r"genesys\.json cannot be read"):
        state.load(World(NONE).platform, file)
