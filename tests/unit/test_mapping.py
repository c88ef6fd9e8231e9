"""Mappings: expressions without side effects; what fails says which expression it was."""

import uuid
from collections.abc import Callable
from typing import Any

import jmespath
import pytest
from jmespath.exceptions import JMESPathError

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.routes.mapping import FIELDS, evaluated, evaluator, holds, render, view
from stacks.schema.expressions import check
from tests.unit.batches import NOW_MS
from tests.unit.simulated import envelope

VIEW = view(parse_event(envelope(1, mood="good"), NOW_MS), "all")


def test_the_documented_fields_are_the_ones_there_are() -> None:
    assert set(VIEW) == set(FIELDS)


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("body.mood", "good"),
        ("'a text'", "a text"),
        ("`7`", 7),
        ("body.nothing || 'none'", "none"),
        ({"a": "body.mood", "b": "body.nothing"}, {"a": "good"}),
        (["body.mood", "body.number"], ["good", 1]),
        ({"a": {"b": ["body.mood"]}}, {"a": {"b": ["good"]}}),
        (7, 7),
        (None, None),
        (True, True),
    ],
)
def test_an_expression_is_replaced_by_its_value(template: Any, result: Any) -> None:
    assert render(template, VIEW) == result


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("body.mood == 'good'", True),
        ("body.mood == 'bad'", False),
        ("body.mood", True),
        ("body.nothing", False),
        ("!(body.nothing)", True),
        ("`0`", True),  # JMESPath: only what is null, false or empty is not true
        ("`false`", False),
        ("''", False),
        ("`[]`", False),
        ("`{}`", False),
    ],
)
def test_a_condition_is_met_as_jmespath_defines_it(condition: str, *, met: bool) -> None:
    assert holds(condition, VIEW) is met


@pytest.mark.parametrize("expression", ["!body.mood", "id && !body.mood", "[!body.a[0]]"])
def test_a_negation_that_means_something_else_than_it_seems_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"write parentheses, such as !\(body.a\)"):
        check(expression, "item")


DOCUMENTS: list[Any] = [
    None,
    "text",
    [{"a": 1}],
    {"a": {"b": 1}, "c": True},
    {"a": [{"b": 2}, {"b": None}], "c": "", "d": {"e": False}},
    {"a": 0, "c": [], "d": {"e": "said"}},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize(
    "expression",
    [
        "a.b", "@.a", "`3`", "'x'", "a || c", "c || d.e", "c && a", "d.e && a.b || 'none'", "!a",
        "to_string(a)", "(a || c) && to_string(a || c)", "[a, c][].b | [0]", "a[].b", "a | [0]",
        "not_null(d.e, a)", "type(@)", "{x: a}", "a == c", "keys(d)", "map(&b, a)", "length(a)",
    ],
)  # fmt: skip
def test_an_expression_gives_what_jmespath_gives(expression: str, document: Any) -> None:
    assert _outcome(evaluator(expression), document) == _outcome(
        jmespath.compile(expression).search, document
    )


def _outcome(search: Callable[[Any], Any], document: Any) -> Any:
    try:
        return search(document)
    except JMESPathError as error:
        return type(error), str(error)


def test_ids_are_uuids_of_the_version_that_their_name_says() -> None:
    assert uuid.UUID(VIEW["id"]).version == 5
    assert uuid.UUID(VIEW["id_v4"]).version == 4


def test_the_expression_that_fails_is_named_and_no_value_is_quoted() -> None:
    with pytest.raises(Malformed) as raised:
        render({"a": "abs(body.mood)"}, VIEW)
    told = "abs() takes number, not string"
    assert raised.value.reason == Code.EXPRESSION_FAILED("'abs(body.mood)'", told)


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ("a b", "item"),
        ({"x": "]["}, r"item\.x"),
        ({"x": ["id", "("]}, r"item\.x\[1\]"),
        ("up(body.mood)", "item"),
        ("abs()", "item"),
        ("", "item"),
        # These give what no JSON can hold.
        ("&body", "item"),
        ("`NaN`", "item"),
        ("{a: to_number('inf')}", "item"),
    ],
)
def test_what_is_no_expression_is_refused_before_anything_is_deployed(
    template: Any, where: str
) -> None:
    with pytest.raises(ValueError, match=f"^{where} is not a JMESPath expression"):
        check(template, "item")


@pytest.mark.parametrize(
    "expression",
    [
        "!" * 5000 + "a",
        "`" + "[" * 5000 + "]" * 5000 + "`",
        "`" + "[" * 200 + "]" * 200 + "`",
        "a[?b == `" + '{"a": ' * 150 + "1" + "}" * 150 + "`]",
        "||".join("a" * 3000),
        # Nothing of it is tried before an event has a body.
        "body && (" + "||".join("a" * 200) + ")",
    ],
    ids=["negations", "literal", "shallower literal", "literal within", "alternatives", "untried"],
)
def test_an_expression_that_no_stack_holds_is_refused_in_one_short_sentence(
    expression: str,
) -> None:
    with pytest.raises(ValueError, match=r"^item\.x .*nested more than 100 levels deep") as raised:
        check({"x": expression}, "item")
    assert len(str(raised.value)) < 200


def test_an_ordinary_chain_of_alternatives_is_no_deep_expression() -> None:
    check(" || ".join(f"body.name{number}" for number in range(40)), "item")


#: what Python or JMESPath takes for equal, though the other does not, and what neither does
EQUAL_AT_TIMES: tuple[Any, ...] = (
    True,
    False,
    0,
    1,
    2,
    0.0,
    1.0,
    None,
    "",
    "1",
    [],
    [1],
    [True],
    {},
    {"a": 1},
)


@pytest.mark.parametrize("one", EQUAL_AT_TIMES, ids=repr)
@pytest.mark.parametrize("other", EQUAL_AT_TIMES, ids=repr)
def test_what_is_equal_is_what_jmespath_calls_equal(one: Any, other: Any) -> None:
    document = {"one": one, "other": other}

    assert evaluated("one == other", document) is jmespath.search("one == other", document)
