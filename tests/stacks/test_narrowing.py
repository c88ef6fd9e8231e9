"""No route wants what the partner's rule leaves out: a condition and its pattern side by side, over
events of every shape. The judge of patterns is the tests' own; moto's agrees with it.
"""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from lambdas.relay.entrances.events import Event, read_envelope
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.routes.configuration import Configuration
from stacks import patterns
from stacks.narrowing import narrowed
from stacks.schema.parsing import parse
from tests.stacks.event_pattern import matches

SOURCE = "aws.partner/genesys.com/cloud/org/x"
ENDED = "v2.detail.events.conversation.{id}.acd.end"
STARTED = "v2.detail.events.conversation.{id}.acd.start"
WIDE = {"source": [SOURCE]}


def configured(*whens: str | None, topics: list[str] | None = None, **more: Any) -> Configuration:
    routes = [
        {
            "name": f"r{number}",
            "destination": "out",
            "topics": topics or [ENDED],
            "item": {"number": f"`{number}`"},
            **({} if when is None else {"when": when}),
        }
        for number, when in enumerate(whens)
    ]
    return parse({"destinations": {"out": {"kind": "generic", **more}}, "routes": routes})


def rule(configuration: Configuration, *detail_types: str) -> patterns.Pattern:
    return narrowed(SOURCE, None, detail_types, configuration)


@cache
def configured_for(when: str) -> Configuration:
    return configured(when)


@cache
def rule_for(when: str) -> patterns.Pattern:
    return rule(configured_for(when))


def envelope(body: dict[str, Any], detail_type: str = ENDED) -> dict[str, Any]:
    detail = {"topicName": detail_type, "timestamp": "2026-11-27T12:00:00Z", "eventBody": body}
    return {"source": SOURCE, "detail-type": detail_type, "detail": detail}


def is_wanted(configuration: Configuration, event: Event) -> bool:
    """Whether intake has anything to do with it: some route wants it, or sets it aside."""
    try:
        return any(route.wants(event) for route in configuration.routes_of(event))
    except Malformed:
        return True


#: conditions that EventBridge can express exactly, for values that are neither lists nor objects
SAME = [
    "body.a == 'x'",
    "body.a.b == 'x'",
    "body.a == `5`",
    "body.a == `true`",
    "body.a == `null`",
    "!(body.a)",
    "contains(['x', 'y'], body.a)",
    'contains(`["x", "y"]`, body.a)',
    "body.a == 'x' && body.b == 'y'",
    "body.a == 'x' || body.b == 'y'",
    "(body.a == 'x' || body.b == 'y') && contains(['x'], body.c)",
]
#: likewise, if the value is a text
SAME_OF_TEXTS = [
    "type(body.a) == 'string' && body.a != 'x'",
    "body.a != 'x' && type(body.a) == 'string'",
    "type(body.a) == 'string' && !contains(['x', 'y'], body.a)",
    "type(body.a) == 'string' && !(body.a == 'x')",
]
#: those of which it can express a part
PARTLY = [
    "body.a == 'x' && starts_with(body.b, 'y')",
    "body.a == 'x' && body.b != 'y'",
    "body.b != 'y' && body.a == 'x'",
    "type(body.a) == 'number'",
    "body.a == 'x' && body.a == 'y'",
    "body.a == 'x' && body.a.b == 'y'",
    "type(body.a) == 'string' && body.a",
]
#: and those of which it can express nothing without losing an event
NOTHING = [
    "body.a != 'x'",
    "body.a",
    "body.a.b == `null`",
    "!(body.a.b)",
    "body.a.b != 'x'",
    "starts_with(body.a, 'x')",
    "starts_with(body.b, 'y') && body.a == 'x'",
    "body.b > `5` && body.a == 'x'",
    "body.b[::0] && body.a == 'x'",
    "length(body.b) == `1` && body.a == 'x'",
    "body.a != 'x' && starts_with(body.b, 'y') && type(body.a) == 'string'",
    "body.a != 'x' && (starts_with(body.b, 'y') && type(body.a) == 'string')",
    "contains(body.a, 'x')",
    "contains([`1`], body.a)",
    "body.a == `1.5`",
    "body.a == body.b",
    "body.a[0] == 'x'",
    "body.a == 'x' || body.b",
    "source == 'x'",
    "body.\"a.b\" == 'x'",
]

scalars = st.sampled_from(["x", "y", "z", "", 5, 0, 1, True, False, None])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
bodies = st.dictionaries(st.sampled_from("abc"), values, max_size=3)

#: any condition, with paths and values that look alike but differ
paths = st.sampled_from(
    ["body.a", "body.b", "body.a.b", 'body."ü"', "body.a[0]", "body.a[*].b", "body.*", "topic"]
)
literals = st.sampled_from(
    ["'x'", "'5'", "`5`", "`5.0`", "`true`", "`null`", "''", "'ü'", "'X'", '`["x"]`', "`{}`"]
)
lists = st.sampled_from(["['x', 'y']", '`["x", "5"]`', "`[5]`", "['']", "body.b"])
kinds = st.sampled_from(["string", "number", "boolean", "null", "array", "object"])
asked = st.one_of(
    st.builds("{} == {}".format, paths, literals),
    st.builds("{} != {}".format, paths, literals),
    st.builds("contains({}, {})".format, lists, paths),
    st.builds("type({}) == '{}'".format, paths, kinds),
    st.builds("!({})".format, paths),
    st.builds("{} > `5`".format, paths),
    st.builds("starts_with({}, 'x')".format, paths),
    paths,
)
conditions = st.recursive(
    asked,
    lambda inner: st.one_of(
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("({}) || ({})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=4,
)
odd = st.recursive(
    st.sampled_from(["x", "5", "", 5, 5.0, True, None, "ü", "X", "null", 10**11]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abü"), inner),
    max_leaves=4,
)
flat = st.dictionaries(st.sampled_from("abc"), scalars, max_size=3)


@pytest.mark.parametrize("when", [*SAME, *SAME_OF_TEXTS, *PARTLY, *NOTHING])
@settings(max_examples=40)
@given(body=bodies)
@example(body={"a": ["x"]})
@example(body={"a": [{"b": "x"}]})
@example(body={"a": {"b": "x"}})
@example(body={"a": ["x"], "b": 5})
@example(body={"a": True})
def test_no_event_is_left_out_that_a_route_wants(when: str, body: dict[str, Any]) -> None:
    sent = envelope(body)
    if is_wanted(configured_for(when), read_envelope(sent, 0)):
        assert matches(rule_for(when), sent)


@settings(max_examples=60)
@given(when=conditions, told=st.lists(st.dictionaries(st.sampled_from("abü"), odd), max_size=8))
@example(when="(body.\"ü\" > `5`) && (body.a == 'x')", told=[{"ü": "x", "a": "y"}])
def test_whatever_the_condition_no_event_is_left_out_that_a_route_wants(
    when: str, told: list[dict[str, Any]]
) -> None:
    configuration = configured(when)
    pattern = rule(configuration)
    for body in told:
        sent = envelope(body)
        assert matches(pattern, sent) or not is_wanted(configuration, read_envelope(sent, 0))


@pytest.mark.parametrize(
    "changed",
    [
        {"eventBody": None},
        {"eventBody": "a"},
        {"eventBody": ["a"]},
        {"topicName": None},
        {"topicName": ""},
        {"topicName": []},
    ],
)
def test_intake_sets_aside_what_cannot_be_read(changed: dict[str, Any]) -> None:
    sent = envelope({"a": "y"})
    sent["detail"] |= changed
    assert matches(rule(configured("body.a == 'x'")), sent)


@pytest.mark.parametrize("when", SAME)
@settings(max_examples=40)
@given(body=flat)
def test_condition_and_pattern_mean_the_same(when: str, body: dict[str, Any]) -> None:
    _same(when, {"a": body} if "a.b" in when else body)


@pytest.mark.parametrize("when", [*SAME, *SAME_OF_TEXTS])
@settings(max_examples=40)
@given(body=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", "z"])))
def test_for_texts_they_mean_the_same(when: str, body: dict[str, Any]) -> None:
    _same(when, {"a": body} if "a.b" in when else body)


def _same(when: str, body: dict[str, Any]) -> None:
    sent = envelope(body)
    wanted = is_wanted(configured_for(when), read_envelope(sent, 0))
    assert matches(rule_for(when), sent) is wanted


@pytest.mark.parametrize("when", [*SAME, *SAME_OF_TEXTS, *PARTLY])
@settings(max_examples=40)
@given(body=flat)
def test_another_reading_of_patterns_agrees(when: str, body: dict[str, Any]) -> None:
    """moto's, which takes 1 for true and so is not asked about either."""
    body = {name: value for name, value in body.items() if value not in (0, 1)}
    pattern = rule_for(when)
    sent: Any = envelope(body)
    assert EventPattern(None, dict(pattern)).matches_event(sent) is matches(pattern, sent)


@pytest.mark.parametrize("when", [*SAME, *SAME_OF_TEXTS, *PARTLY])
def test_what_can_be_expressed_is_expressed(when: str) -> None:
    assert rule(configured(when)) != WIDE


@pytest.mark.parametrize("when", NOTHING)
def test_what_cannot_be_expressed_leaves_the_rule_as_it_is(when: str) -> None:
    assert rule(configured(when)) == WIDE


def test_the_pattern_as_eventbridge_gets_it() -> None:
    assert rule(configured("body.mediaType == 'voice'")) == {
        "source": [SOURCE],
        "$or": [
            {"detail-type": [{"anything-but": [ENDED]}]},
            {"detail": {"topicName": [{"exists": False}, None, ""]}},
            {"detail": {"eventBody": [None, {"prefix": ""}]}},
            {"detail-type": [ENDED], "detail": {"eventBody": {"mediaType": ["voice"]}}},
        ],
    }


def test_listed_types_stay_listed() -> None:
    configuration = configured("body.a == 'x'")
    pattern = rule(configuration, ENDED, STARTED)
    assert matches(pattern, envelope({"a": "x"}))
    assert not matches(pattern, envelope({"a": "y"}))
    assert matches(pattern, envelope({"a": "y"}, STARTED))
    assert not matches(pattern, envelope({}, "v2.users.{id}.presence"))
    assert rule(configuration, STARTED) == {**WIDE, "detail-type": [STARTED]}


def test_an_event_is_let_through_for_any_route_that_wants_it() -> None:
    pattern = rule(configured("body.a == 'x'", "body.a == 'y'"))
    assert [matches(pattern, envelope({"a": each})) for each in "xyz"] == [True, True, False]


def test_one_route_without_a_condition_takes_all_of_its_types() -> None:
    assert rule(configured("body.a == 'x'", None)) == WIDE


def test_patterns_of_types_are_left_to_intake() -> None:
    assert rule(configured("body.a == 'x'", topics=["*.acd.end"])) == WIDE


def test_what_a_request_awaits_is_let_through() -> None:
    awaiting = {"match": "entity", "topics": [ENDED], "key": "id", "truth": "/api/v2/x/{key}"}
    assert rule(configured("body.a == 'x'", confirmation=awaiting)) == WIDE


def test_intake_judges_what_is_not_in_genesys_shape() -> None:
    flat_event = {"conversationId": "c", "timestamp": "2026-11-27T12:00:00Z", "a": "y"}
    sent = {"source": SOURCE, "detail-type": ENDED, "detail": flat_event}
    assert matches(rule(configured("body.a == 'x'")), sent)


def test_a_pattern_that_eventbridge_would_refuse_is_not_made() -> None:
    long = [f"body.a == '{number:0500}'" for number in range(5)]
    assert rule(configured(" || ".join(long))) == WIDE
    assert patterns.size(rule(configured(*long[:2]))) <= patterns.PATTERN_CHARS_MAX


def test_what_it_makes_is_json() -> None:
    assert json.loads(json.dumps(rule(configured(SAME[-1]))))
