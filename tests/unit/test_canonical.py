"""Canonical JSON: documents that say the same have the same text, and only those."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.kernel.canonical import canonical, digest, read_json, short
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import JSON_DEPTH_MAX

#: whatever json.loads can give, lone surrogates included
texts = st.text(st.characters(exclude_categories=()))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(documents)
def test_the_canonical_text_says_the_same_as_the_document(document: object) -> None:
    assert read_json(canonical(document), "it") == document


@given(documents)
def test_escapes_white_space_and_key_order_do_not_matter(document: object) -> None:
    shown = json.dumps(_backwards(document), indent=3, ensure_ascii=False)

    assert canonical(read_json(shown, "it")) == canonical(document)


@given(documents)
def test_the_canonical_text_is_ascii_and_so_fits_any_message(document: object) -> None:
    assert canonical(document).isascii()


def test_one_and_one_point_nought_are_different_texts() -> None:
    """Genesys writes a number in one way; written in another way, it is another text."""
    assert canonical(read_json("1", "it")) != canonical(read_json("1.0", "it"))
    assert canonical(read_json("1e2", "it")) == canonical(read_json("100.0", "it"))


def test_large_integers_keep_every_digit() -> None:
    digits = "123456789012345678901234567890123456789"

    assert canonical(read_json(digits, "it")) == digits


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_json_number_is_refused_by_name(token: str) -> None:
    with pytest.raises(Malformed, match=f"the envelope holds .*{token}"):
        read_json(f'{{"value": {token}}}', "the envelope")


def test_a_number_of_thousands_of_digits_is_refused_in_plain_words() -> None:
    with pytest.raises(Malformed, match=r"^the envelope holds a number with too many digits$"):
        read_json(f'{{"value": {"9" * 5000}}}', "the envelope")


@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_nesting_is_allowed_up_to_the_limit_and_not_beyond(kind: str) -> None:
    def nested(depth: int) -> str:
        before, after = ("[", "]") if kind == "[]" else ('{"a":', "}")
        return before * depth + "1" + after * depth

    read_json(nested(JSON_DEPTH_MAX), "it")
    with pytest.raises(Malformed, match=f"nested more than {JSON_DEPTH_MAX} levels"):
        read_json(nested(JSON_DEPTH_MAX + 1), "it")


def test_bottomless_nesting_gives_one_sentence_and_no_crash() -> None:
    with pytest.raises(Malformed, match="nested more than"):
        read_json("[" * 200_000, "the envelope")


@given(st.text())
def test_any_text_is_read_or_malformed(text: str) -> None:
    with suppress(Malformed):
        canonical(read_json(text, "it"))


@given(st.lists(texts), st.lists(texts))
def test_no_two_lists_of_parts_share_a_digest(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_parts_are_framed_so_that_moving_a_border_changes_the_digest() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


def test_the_short_form_is_pinned() -> None:
    assert short(digest("a", "b"), 26) == "hsovsecfxsehn6oqhgn37mc4nj"


def _backwards(document: object) -> object:
    match document:
        case dict():
            return {name: _backwards(value) for name, value in reversed(document.items())}
        case list():
            return [_backwards(value) for value in document]
        case _:
            return document
