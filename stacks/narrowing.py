"""Derives from the routes' conditions which events the partner bus's rule can leave out, for free.

The rule may pass more than the routes take, since intake evaluates every condition again; it must
never pass less. So a part of a condition is translated only if EventBridge can express it or
something wider. A type of event is narrowed only if every route that lists it has such a condition
and no request awaits it. `tests/stacks/test_narrowing.py` compares the rule with the conditions.

EventBridge matches leaves: it cannot tell a value from a list that holds it, nor an object from
nothing (docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html). So an
inequality is translated only beside `type(x) == 'string'`, which rules both out.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import jmespath

from lambdas.relay.routes.configuration import Configuration
from stacks import patterns
from stacks.patterns import Pattern

#: a member of the event's body: the names on the path to it
Path = tuple[str, ...]
#: what an event must satisfy, all of it: EventBridge's list of matchers for a leaf, by its path
Case = Mapping[Path, Sequence[object]]

#: names that mean the same to EventBridge, which separates a path's names by dots, and to us
NAME = re.compile(r"[A-Za-z0-9_-]+")
#: EventBridge compares numbers exactly up to 5 * 10^9; integers up to this are safe
NUMBER_MAX = 10**9
#: alternatives of one condition; EventBridge accepts a thousand per rule
CASES_MAX = 16
#: JMESPath's node types that accept any value
CALM = frozenset(
    {
        "and_expression", "current", "field", "filter_projection", "flatten", "identity", "index",
        "index_expression", "key_val_pair", "literal", "multi_select_dict", "multi_select_list",
        "not_expression", "or_expression", "pipe", "projection", "subexpression",
        "value_projection",
    }
)  # fmt: skip
#: scalars that EventBridge lists as leaves
SCALARS = ("string", "number", "boolean")
IS_THERE: Sequence[object] = ({"exists": True},)
IS_MISSING: Sequence[object] = (None, {"exists": False})
#: Every Genesys event has a topicName, and its eventBody is an object; other events on its bus are
#: passed on to intake. (No pattern can match an event without any eventBody.)
OTHER_SHAPES: Sequence[Pattern] = (
    {"detail": {"topicName": [{"exists": False}, None, ""]}},
    {"detail": {"eventBody": [None, {"prefix": ""}]}},
)


def narrowed(
    source: str, account: str | None, detail_types: Sequence[str], configuration: Configuration
) -> Pattern:
    """The rule's pattern: the listed types, without the events that no route takes. If that is
    longer than EventBridge accepts, only the listed types."""
    wide = patterns.wanted(source, account, detail_types)
    cases = _cases_by_type(configuration, detail_types)
    if not cases:
        return wide
    rest = [each for each in detail_types if each not in cases]
    others: Pattern = {"detail-type": rest or [{"anything-but": list(cases)}]}
    listed: Pattern = {"detail-type": list(detail_types)} if detail_types else {}
    pattern: Pattern = {
        **patterns.from_partner(source, account),
        "$or": [
            *([others] if rest or not detail_types else []),
            *({**listed, **shape} for shape in OTHER_SHAPES),
            *(
                {"detail-type": types, "detail": {"eventBody": _nested(case)}}
                for case, types in _by_case(cases)
            ),
        ],
    }
    return pattern if patterns.size(pattern) <= patterns.PATTERN_CHARS_MAX else wide


def _cases_by_type(
    configuration: Configuration, detail_types: Sequence[str]
) -> Mapping[str, Sequence[Case]]:
    """The types of events that can be narrowed, with the cases in which some route takes one."""
    topics = (topic for route in configuration.routes for topic in route.topics)
    exact = {topic for topic in topics if "*" not in topic}
    found = {each: _cases_of_type(each, configuration) for each in sorted(exact)}
    return {
        each: cases
        for each, cases in found.items()
        if cases is not None and (not detail_types or each in detail_types)
    }


def _cases_of_type(detail_type: str, configuration: Configuration) -> Sequence[Case] | None:
    if configuration.awaits(detail_type):
        return None
    listing = [route for route in configuration.routes if route.lists(detail_type)]
    return _either([cases_of(route.when) for route in listing])


def _by_case(cases: Mapping[str, Sequence[Case]]) -> list[tuple[Case, list[str]]]:
    found: list[tuple[Case, list[str]]] = []
    for detail_type, alternatives in cases.items():
        for case in alternatives:
            types = next((types for known, types in found if known == case), None)
            if types is None:
                found.append((case, [detail_type]))
            elif detail_type not in types:
                types.append(detail_type)
    return found


def cases_of(when: str | None) -> Sequence[Case] | None:
    """Cases, one of which matches wherever the condition holds and wherever it fails with an error
    (intake must receive such an event to quarantine it); None if EventBridge cannot express it."""
    return None if when is None else _cases(jmespath.compile(when).parsed, frozenset())


def _cases(node: Any, scalars: frozenset[Path]) -> Sequence[Case] | None:
    """`scalars`: paths known to hold one value wherever the node is evaluated."""
    match node["type"], node.get("value"), node["children"]:
        case "or_expression", _, [left, right]:
            return _either([_cases(left, scalars), _cases(right, scalars)])
        case "and_expression", _, [left, right]:
            return _both(left, right, scalars)
        case "comparator", "eq", [left, right]:
            return _equality(left, right) or _equality(right, left)
        case "comparator", "ne", [left, right]:
            return _inequality(left, right, scalars) or _inequality(right, left, scalars)
        case "function_expression", "contains", [texts, member]:
            path, values = _path(member), _texts(texts)
            return [{path: values}] if path and values else None
        case "not_expression", _, [inner]:
            return _negation(inner, scalars)
        case _:
            path = _path(node)
            return [{path: IS_THERE}] if path in scalars and path else None


def _either(found: Sequence[Sequence[Case] | None]) -> Sequence[Case] | None:
    known = [cases for cases in found if cases is not None]
    if len(known) < len(found):
        return None
    return _limited([case for cases in known for case in cases])


def _both(left: Any, right: Any, scalars: frozenset[Path]) -> Sequence[Case] | None:
    """The right side is evaluated only after the left: if it can fail, only the left can narrow."""
    is_asked = _never_fails(left)
    behind = _scalars_of(right) if is_asked and _never_fails(right) else frozenset()
    first = _cases(left, scalars | behind)
    second = _cases(right, scalars | _scalars_of(left)) if is_asked else None
    if first is None or second is None:
        return first if second is None else second
    return _limited([_merged(one, other) for one, other in product(first, second)])


def _equality(member: Any, literal: Any) -> Sequence[Case] | None:
    if literal["type"] != "literal":
        return None
    value = literal["value"]
    typed = _typed(member)
    if typed:
        return [{typed: IS_THERE}] if value in SCALARS else None
    path = _path(member)
    if not path:
        return None
    match value:
        case None:
            # Any deeper, the path may lead through a list, which EventBridge flattens.
            return [{path: IS_MISSING}] if len(path) == 1 else None
        case str() | bool():
            return [{path: (value,)}]
        case int() if abs(value) <= NUMBER_MAX:
            return [{path: ({"numeric": ["=", value]},)}]
        case _:
            return None


def _inequality(member: Any, literal: Any, scalars: frozenset[Path]) -> Sequence[Case] | None:
    path = _path(member)
    if not path or path not in scalars or literal["type"] != "literal":
        return None
    value = literal["value"]
    return [{path: ({"anything-but": [value]},)}] if isinstance(value, str) else None


def _negation(node: Any, scalars: frozenset[Path]) -> Sequence[Case] | None:
    match node["type"], node.get("value"), node["children"]:
        case "function_expression", "contains", [texts, member]:
            path, values = _path(member), _texts(texts)
            if not path or path not in scalars or not values:
                return None
            return [{path: ({"anything-but": list(values)},)}]
        case "comparator", "eq", [left, right]:
            return _inequality(left, right, scalars) or _inequality(right, left, scalars)
        case _:
            path = _path(node)
            return [{path: (*IS_MISSING, False, "")}] if path and len(path) == 1 else None


def _path(node: Any) -> Path | None:
    """The names below `body` if the node is such a path."""
    if node["type"] != "subexpression":
        return None
    names = [child.get("value") for child in node["children"] if child["type"] == "field"]
    if len(names) != len(node["children"]) or names[0] != "body":
        return None
    return tuple(names[1:]) if all(NAME.fullmatch(name) for name in names) else None


def _typed(node: Any) -> Path | None:
    """The path whose type the node checks."""
    is_type = node["type"] == "function_expression" and node["value"] == "type"
    return _path(node["children"][0]) if is_type else None


def _scalars_of(node: Any) -> frozenset[Path]:
    """Paths that hold one value wherever the node is true."""
    match node["type"], node.get("value"), node["children"]:
        case "and_expression", _, [left, right]:
            return _scalars_of(left) | _scalars_of(right)
        case "comparator", "eq", [left, right]:
            sides = ((left, right), (right, left))
            asked = {_typed(a): b["value"] for a, b in sides if b["type"] == "literal"}
            return frozenset(path for path, kind in asked.items() if path and kind in SCALARS)
        case _:
            return frozenset()


def _texts(node: Any) -> tuple[str, ...]:
    """The strings of a list that holds only strings; empty otherwise."""
    match node["type"]:
        case "literal" if isinstance(node["value"], list):
            values = node["value"]
        case "multi_select_list" if all(c["type"] == "literal" for c in node["children"]):
            values = [child["value"] for child in node["children"]]
        case _:
            return ()
    return tuple(values) if all(isinstance(value, str) for value in values) else ()


def _never_fails(node: Any) -> bool:
    """Functions may refuse a value, except two that take any. `<` and the like do not compare a
    string with a number, and a slice's step may be zero."""
    match node["type"], node.get("value"), node["children"]:
        case "function_expression", "type", _:
            pass
        case "function_expression", "contains", [texts, _] if _texts(texts):
            pass
        case "comparator", "eq" | "ne", _:
            pass
        case kind, _, _ if kind not in CALM:
            return False
    return all(_never_fails(child) for child in node["children"] if isinstance(child, dict))


def _merged(one: Case, other: Case) -> Case:
    """Both at once, as far as a pattern can: for a path in both, the stricter list."""
    merged = dict(one)
    for path, leaf in other.items():
        crossing = [each for each in merged if _crosses(each, path)]
        if not crossing or (crossing == [path] and merged[path] == IS_THERE):
            merged[path] = leaf
    return merged


def _crosses(one: Path, other: Path) -> bool:
    return one[: len(other)] == other or other[: len(one)] == one


def _limited(cases: Sequence[Case]) -> Sequence[Case] | None:
    return cases if len(cases) <= CASES_MAX else None


def _nested(case: Case) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for (*outer, last), leaf in case.items():
        place = tree
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = list(leaf)
    return tree
