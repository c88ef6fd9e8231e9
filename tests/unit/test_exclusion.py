"""Conditions that exclude each other: where this is reported, no event meets both."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.routes.mapping import holds
from stacks.schema.exclusion import exclude

EXCLUSIVE = [
    ("body.a == 'x'", "body.a == 'y'"),
    ("body.a == 'x'", "'y' == body.a"),
    ("body.a == 'x'", "body.a != 'x'"),
    ("body.a == 'x'", "!(body.a == 'x')"),
    ("body.b", "!(body.b)"),
    ("body.a == 'x' && body.b", "body.b == 'y' && body.a == 'y'"),
    ("body.a == 'x' || body.a == 'y'", "body.a == 'z'"),
    ("contains(['x', 'y'], body.a)", "body.a == 'z'"),
    ('contains(`["x", "y"]`, body.a)', "contains(['z'], body.a)"),
    ("!(contains(['x'], body.a))", "contains(['x'], body.a)"),
    ("starts_with(body.b, 'x')", "!(starts_with(body.b, 'x')) && body.a"),
]
SHARED = [
    ("body.a == 'x'", "body.b == 'y'"),
    ("body.a == 'x'", "body.a == 'x' && body.b"),
    ("body.a == 'x' || body.b", "body.a == 'y'"),
    ("body.a == `1`", "body.a == `1.0`"),
    ("body.a != 'x'", "body.a != 'y'"),
    ("contains(['x', 'y'], body.a)", "contains(['y', 'z'], body.a)"),
    ("contains(body.a, 'x')", "contains(body.a, 'y')"),
    ("contains('xy', body.a)", "contains('x', body.a)"),
    ("contains(['x', body.b], body.a)", "body.a == 'y'"),
    ("body.a", "body.b"),
    ("body.b != 'x'", "body.a == 'x'"),
]
VALUES = st.sampled_from(
    ["x", "y", "z", "", "xy", None, 0, 1, 1.0, True, False, ["x"], {}, {"x": 1}]
)
CONDITIONS = sorted({each for pair in EXCLUSIVE + SHARED for each in pair})


@pytest.mark.parametrize(("one", "other"), EXCLUSIVE)
def test_what_plainly_excludes_the_other_is_seen(one: str, other: str) -> None:
    assert exclude(one, other)
    assert exclude(other, one)


@pytest.mark.parametrize(("one", "other"), SHARED)
def test_what_may_hold_together_is_not_taken_for_exclusive(one: str, other: str) -> None:
    assert not exclude(one, other)
    assert not exclude(other, one)


def test_a_route_without_a_condition_shares_every_event() -> None:
    assert not exclude(None, "body.a == 'x'")
    assert not exclude("body.a == 'x'", None)


@given(st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES}))
def test_no_event_meets_both(body: dict[str, Any]) -> None:
    met = [each for each in CONDITIONS if is_met(each, {"body": body})]

    assert not [pair for pair in combinations(met, 2) if exclude(*pair)]


def is_met(when: str, document: dict[str, Any]) -> bool:
    """What fails is set aside and takes effect nowhere."""
    try:
        return holds(when, document)
    except Malformed:
        return False
