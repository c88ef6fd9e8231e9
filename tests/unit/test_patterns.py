"""Patterns have one wildcard; two of them overlap where some text fits both."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.kernel.patterns import fits, overlap


@pytest.mark.parametrize(
    ("text", "pattern", "does"),
    [
        ("v2.users.{id}.presence", "v2.users.{id}.presence", True),
        ("v2.users.{id}.presence", "v2.*", True),
        ("v2.users.{id}.presence", "*", True),
        ("order.paid", "order.pai?", False),
        ("order.paid?", "order.paid?", True),
        ("order.paid", "order.[pq]aid", False),
        ("order[1].paid", "order[1].*", True),
        ("a]b", "*]b", True),
        ("Order.paid", "order.paid", False),
        ("a\nb", "a*b", True),
        ("", "*", True),
        ("", "", True),
    ],
)
def test_the_one_wildcard_is_a_star(text: str, pattern: str, does: bool) -> None:
    assert fits(text, pattern) == does


patterns = st.text("ab*?[", max_size=4)


@given(patterns, patterns)
def test_two_patterns_overlap_where_some_text_fits_both(one: str, other: str) -> None:
    texts = ("".join(letters) for n in range(6) for letters in product("ab?[", repeat=n))
    assert overlap(one, other) == overlap(other, one)
    found = next((text for text in texts if fits(text, one) and fits(text, other)), None)
    if found is not None:
        assert overlap(one, other)
    elif len((one + other).replace("*", "")) <= 5:  # a text for both need not be longer than that
        assert not overlap(one, other)


def test_patterns_of_any_length_are_compared() -> None:
    assert overlap("a" * 1200, "a" * 1200)
    assert not overlap("a" * 1200, "a" * 1199 + "b")
    assert overlap("*a" * 40, "a*" * 40)
