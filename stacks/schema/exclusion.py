"""Conditions of which no event meets both, as far as their own words show it."""

from collections.abc import Iterator
from typing import Any

import jmespath

#: a text is one of these: JMESPath compares texts alone as texts, but 1 and 1.0 are one number
Texts = frozenset[str]


def exclude(one: str | None, other: str | None) -> bool:
    """Whether no event meets both: they ask one expression for different texts, or one of them asks
    for what the other denies. False where that cannot be seen."""
    if one is None or other is None:
        return False
    pairs = [(a, b) for a in _parts(_parsed(one)) for b in _parts(_parsed(other))]
    return any(_denies(a, b) or _denies(b, a) or _differ(a, b) for a, b in pairs)


def _parsed(when: str) -> Any:
    return jmespath.compile(when).parsed


def _parts(node: Any) -> Iterator[Any]:
    """Everything that must be true where the whole is."""
    if node["type"] == "and_expression":
        for child in node["children"]:
            yield from _parts(child)
    else:
        yield node


def _denies(one: Any, other: Any) -> bool:
    if one["type"] == "not_expression":
        return bool(one["children"][0] == other)
    is_same = one["children"] == other["children"]
    return is_same and (one.get("value"), other.get("value")) == ("ne", "eq")


def _differ(one: Any, other: Any) -> bool:
    (asked, texts), (also, others) = _asked(one), _asked(other)
    return asked is not None and asked == also and texts.isdisjoint(others)


def _asked(node: Any) -> tuple[Any, Texts]:
    """The expression that must be one of these texts; None if it asks for something else."""
    match node["type"], node.get("value"), node["children"]:
        case "comparator", "eq", [left, {"type": "literal", "value": str(text)}]:
            return left, frozenset({text})
        case "comparator", "eq", [{"type": "literal", "value": str(text)}, right]:
            return right, frozenset({text})
        case "function_expression", "contains", [texts, asked] if _texts(texts):
            return asked, _texts(texts)
        case "or_expression", _, [left, right]:
            (asked, texts), (also, others) = _asked(left), _asked(right)
            return (asked, texts | others) if asked == also else (None, frozenset())
    return None, frozenset()


def _texts(node: Any) -> Texts:
    """The texts of a list that holds only texts; empty otherwise."""
    values = node.get("value")
    if node["type"] == "multi_select_list":
        values = [child.get("value") for child in node["children"] if child["type"] == "literal"]
        values = values if len(values) == len(node["children"]) else None
    is_of_texts = isinstance(values, list) and all(isinstance(each, str) for each in values)
    return frozenset(values) if is_of_texts else frozenset()
