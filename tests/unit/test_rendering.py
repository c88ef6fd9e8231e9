"""Rendering: what a mapping cannot give is reported with the route's name."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from lambdas.relay.destinations import journey
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.routes.rendering import rendered
from ops.mapping_trial import tried
from simulator.organization import EXTERNAL_SOURCE_ID
from tests.unit.batches import NOW_MS
from tests.unit.kinds import section
from tests.unit.simulated import JOURNEY, JOURNEY_ITEM, configuration, envelope


def made(destination: dict[str, Any], text: str, **route: Any) -> Any:
    (row,) = configuration(destination, **route).routes
    return rendered(row, parse_event(text, NOW_MS))


@pytest.mark.parametrize(
    ("destination", "route", "text", "sentence"),
    [
        (JOURNEY, {"item": {**JOURNEY_ITEM, "x": "to_number(body)"}}, envelope(1), None),
        (JOURNEY, {"item": {**JOURNEY_ITEM, "x": "abs('a')"}}, envelope(1), "expression .* failed"),
        (
            JOURNEY,
            {"item": {**JOURNEY_ITEM, "x": "to_number(body.queueId)"}},
            envelope(1, queueId="nan"),
            "JSON cannot",
        ),
        (
            JOURNEY,
            {"item": {**JOURNEY_ITEM, "id": "body.nothing"}},
            envelope(1),
            "gives no id, which journey",
        ),
        (
            JOURNEY,
            {"item": journey.item_of(EXTERNAL_SOURCE_ID)},
            envelope(1),
            r"gives no identifiers.externalIds\[0\].value, which journey",
        ),
        (section("conversation-events"), {}, envelope(1, "attributes"), "no list for events of"),
        (
            section("participant-attributes"),
            {},
            envelope(1, participantId=""),
            "needs participant_id",
        ),
        (JOURNEY, {}, envelope(1, queueId="q" * 600_000), "bytes; a request has room for"),
    ],
)
def test_a_mapping_that_fails_on_an_event_names_the_route_and_the_reason(
    destination: dict[str, Any], route: dict[str, Any], text: str, sentence: str | None
) -> None:
    if sentence is None:
        assert made(destination, text, **route)
        return
    with pytest.raises(Malformed, match=f"^route all: .*{sentence}"):
        made(destination, text, **route)


def test_a_route_with_a_mapping_of_its_own_keeps_the_ids() -> None:
    item = json.loads(made(JOURNEY, envelope(1), item={**JOURNEY_ITEM, "a": "body.number"}).item)
    assert item["a"] == 1
    assert item["id"] == json.loads(made(JOURNEY, envelope(1)).item)["id"]


NO_IDS = (
    "..", ".", "...", "", "a/b", "../p", "%2e%2e", "..%2fx", "a\\b", "a b", " a", "a\n", "a\x00",
    "calls", "Participants", "messages", "me", "\uff43alls", "\u200b..", "..\u00ad", "%c0%ae",
    "\uff0f", "\u2028", "\ud800", "\u2026", "\uff0e\uff0e", "..;x", "a" * 300,
    None, 7, ["p"], {"id": "p"},
)  # fmt: skip


@pytest.mark.parametrize("value", NO_IDS, ids=repr)
def test_what_is_no_id_becomes_no_path(value: Any) -> None:
    with pytest.raises(Malformed, match="participant_id"):
        made(section("participant-attributes"), envelope(1, participantId=value))


@pytest.mark.parametrize(
    "value",
    [
        "p1",
        "a.b",
        "..a",
        "a..",
        "a@b.c",
        "Größe-12",
        "x?y=1#z",
        "{key}",
        "{0.__class__}",
        "call",
        "tel:+49",
        "null",
        "a&b=c",
        "a,b",
        "e\u0301",
        "。。",
        "\U0001f600",
        "\u2044",
    ],
)
def test_an_id_is_one_segment_of_its_path(value: str) -> None:
    target = made(section("participant-attributes"), envelope(1, participantId=value)).target
    assert unquote(target.path.split("/")[-2]) == value
    assert target.path.count("/") == 7
    assert urlsplit(f"https://host{target.path}").path == target.path


@pytest.mark.parametrize("word", ["calls", "emails", "settings"])
def test_a_word_of_genesys_paths_is_no_conversation(word: str) -> None:
    """`GET /api/v2/conversations/calls` is a list of calls."""
    with pytest.raises(Malformed, match=f"{word} is a word in Genesys' own paths"):
        made(section("participant-attributes"), envelope(1, conversationId=word))


def test_an_item_is_asked_for_by_an_id_or_is_not_sent() -> None:
    asked = {"match": "entity", "topics": ["t"], "key": "orderId", "truth": "/api/v2/orders/{key}"}
    orders = section("generic", item={"orderId": "body.chosen"}, confirmation=asked)
    with pytest.raises(Malformed, match="orderId is not a valid id"):
        made(orders, envelope(1, chosen=".."))


def test_text_costs_what_it_has_in_utf8() -> None:
    item = {**JOURNEY_ITEM, "attributes": {"said": "body.said"}}
    mapping = section("journey-external-events", item=item)
    text = made(mapping, envelope(1, said="日本ü\ud800\uffff")).item
    assert "日本ü\\ud800\\uffff" in text
    assert json.loads(text)["attributes"]["said"] == "日本ü\ud800\uffff"
    with pytest.raises(Malformed, match="has 6"):
        made(mapping, envelope(1, said="日" * 200_000))
    made(mapping, envelope(1, said="日" * 160_000))


def test_a_trial_says_what_each_route_would_do() -> None:
    event = parse_event(envelope(1, "acw"), NOW_MS)
    (other,) = tried(configuration(JOURNEY, topics=["v2.audits.*"]), event)
    assert not other.takes
    assert "matches none of: v2.audits" in other.reason

    (broken,) = tried(configuration(JOURNEY, item={**JOURNEY_ITEM, "id": "body.nothing"}), event)
    assert broken.takes
    assert "gives no id" in broken.reason

    (good,) = tried(configuration(JOURNEY), event)
    assert good.made is not None
    assert good.made.into == "entities"
