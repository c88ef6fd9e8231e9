"""The JMESPath expressions of an environment, each tried before it is deployed."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError

from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.routes.mapping import FIELDS

#: node types whose later children are evaluated on the first one's result
FIRST_ONLY = ("subexpression", "index_expression", "pipe", "flatten")
#: a hundred levels use a fifth of an interpreter's stack
EXPRESSION_DEPTH_MAX = 100
#: a wrong expression is quoted up to this length
SHOWN_CHARS = 80


def check(template: Json, where: str) -> None:
    """Compiles every expression of a mapping. Raises ValueError naming the wrong one."""
    match template:
        case str():
            check_expression(template, where)
        case dict():
            for name, value in template.items():
                check(value, f"{where}.{name}")
        case list():
            for number, value in enumerate(template):
                check(value, f"{where}[{number}]")


def check_expression(expression: str, where: str) -> None:
    """Compiles one expression. Raises ValueError with a sentence if it is wrong."""
    quoted = repr(expression[:SHOWN_CHARS] + "…" * (len(expression) > SHOWN_CHARS))
    try:
        compiled = jmespath.compile(expression)
        if _is_deep(compiled.parsed):
            raise RecursionError
        # Functions are looked up when called, so the expression is evaluated on null. The result
        # must be JSON: not NaN, and no reference to an expression.
        with suppress(JMESPathTypeError):
            canonical(compiled.search(dict.fromkeys(FIELDS)))
    except RecursionError:
        raise ValueError(
            f"{where} is a JMESPath expression nested more than {EXPRESSION_DEPTH_MAX} levels "
            f"deep: {quoted}"
        ) from None
    except (JMESPathError, ValueError, TypeError) as error:
        raise ValueError(f"{where} is not a JMESPath expression: {quoted}") from error
    if _negates_only_the_start(compiled.parsed):
        raise ValueError(
            f"{where} is {quoted}, where JMESPath negates only what precedes the dot, so that it "
            "always yields null; write parentheses, such as !(body.a)"
        )
    unknown = sorted(roots(expression) - set(FIELDS))
    if unknown:
        raise ValueError(
            f"{where} is {quoted}, and an event has no {unknown[0]}: {_instead(unknown[0])}"
        )


def constant_of(expression: str) -> str | None:
    """The text that an expression gives for every event; None if it gives anything else. Raises
    JMESPathError."""
    parsed = jmespath.compile(expression).parsed
    value = parsed["value"] if parsed["type"] == "literal" else None
    return value if isinstance(value, str) else None


def roots(expression: str) -> set[str]:
    """The event's top-level members that a valid expression names."""
    return _roots(jmespath.compile(expression).parsed)


def _roots(parsed: Mapping[str, Any]) -> set[str]:
    """The event's top-level members that an expression names, wherever it starts from them."""
    match parsed["type"]:
        case "field":
            return {parsed["value"]}
        case "slice" | "literal" | "expref":
            first = []
        case str() as kind if kind in FIRST_ONLY or kind.endswith("projection"):
            whole = parsed["children"][0]["type"] == "current"  # @.body means the same as body
            first = parsed["children"][whole : whole + 1]
        case _:
            first = parsed["children"]
    return {root for child in first if isinstance(child, dict) for root in _roots(child)}


def _negates_only_the_start(parsed: Any) -> bool:
    """`!a.b` reads as `(!a).b`, which is null for every event."""
    if not isinstance(parsed, dict):  # a slice's number
        return False
    children = parsed["children"]
    is_path = parsed["type"] in FIRST_ONLY
    return (is_path and children[0].get("type") == "not_expression") or any(
        _negates_only_the_start(child) for child in children
    )


def _instead(root: str) -> str:
    if root in ("eventBody", "detail", "data", "payload"):
        return "the content of an event is under body, such as body.queueId"
    return f"it has {', '.join(FIELDS)}; write a constant string in single quotes"


def _is_deep(parsed: Mapping[str, Any]) -> bool:
    """Whether evaluating it could exhaust the stack; the trial on null may not go that deep."""
    level: list[Any] = [parsed]
    for _ in range(EXPRESSION_DEPTH_MAX):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> Iterable[Any]:
    """Of a node of the syntax tree, or of a literal's value. A slice's children are numbers."""
    match node:
        case {"type": "literal", "value": value, "children": []}:
            return [value]
        case {"type": str(), "children": [*children]}:
            return children
        case dict():
            return node.values()
        case list():
            return node
    return ()
