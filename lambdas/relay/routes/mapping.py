"""Mappings: how an event becomes the item that its destination takes.

A mapping is a JSON document in which every string is a JMESPath expression over the event
(jmespath.org; no side effects, no loops, no imports). `'text'` in single quotes is a constant.
Members whose expression yields null are left out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial, reduce
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from lambdas.relay.entrances.events import Event
from lambdas.relay.kernel.canonical import Json, digest, uuid_text
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code

#: the members that a mapping's expressions can use
FIELDS = (
    "id", "id_v4", "identity", "topic", "detail_type", "source", "conversation_id",
    "correlation_id", "envelope_id", "occurred_at", "accepted_at", "reconstructed", "body",
)  # fmt: skip

#: the nodes that are compiled besides names and constants; the first two apply their children in
#: sequence
COMPILED = ("subexpression", "pipe", "or_expression", "and_expression", "function_expression")
#: compiled expressions that an instance keeps; a configuration has a few dozen
EXPRESSIONS_KEPT = 1_000
Evaluator = Callable[[Json], Json]
_FUNCTIONS = Functions()
_INTERPRETER = TreeInterpreter()

#: errors that a value can cause: JMESPath's own, and those of the functions that it calls
_FAILURES = (
    JMESPathError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError,
    RecursionError,
)  # fmt: skip


def item_ids(identity: str, payload_hash: str, route: str) -> tuple[str, str]:
    """The `id` and `id_v4` of the item that a route makes of an event."""
    unique = digest("item", identity, payload_hash, route)
    return uuid_text(unique, 5), uuid_text(unique, 4)


def view(event: Event, route: str) -> dict[str, Json]:
    """The document that a route's expressions see. `id` is derived from the event's content and
    the route. So a destination that recognises ids recognises every copy, but never confuses two
    events that share an identity, or the items that two routes make of one event. `id_v4` is the
    same for destinations that require that version."""
    id_v5, id_v4 = item_ids(event.identity, event.payload_hash, route)
    return {
        "id": id_v5,
        "id_v4": id_v4,
        "identity": event.identity,
        "topic": event.topic,
        "detail_type": event.detail_type,
        "source": event.source,
        "conversation_id": event.conversation_id,
        "correlation_id": event.correlation_id,
        "envelope_id": event.envelope_id,
        "occurred_at": _iso(
            event.accepted_at_ms if event.occurred_at_ms is None else event.occurred_at_ms
        ),
        "accepted_at": _iso(event.accepted_at_ms),
        "reconstructed": bool(event.backfill),
        "body": event.body,
    }


def holds(condition: str, document: Mapping[str, Any]) -> bool:
    """Whether a condition is met, by JMESPath's rules: null, false and anything empty are false,
    but 0 is true. Raises Malformed naming the expression that failed."""
    return not _is_false(evaluated(condition, document))


def render(template: Json, document: Mapping[str, Any]) -> Json:
    """Applies a mapping. Raises Malformed naming the expression that failed."""
    match template:
        case str():
            return evaluated(template, document)
        case dict():
            members = ((name, render(value, document)) for name, value in template.items())
            return {name: value for name, value in members if value is not None}
        case list():
            return [render(value, document) for value in template]
        case _:
            return template


def evaluated(expression: str, document: Mapping[str, Any]) -> Json:
    """The value of one expression, null if it finds nothing. Raises Malformed naming it."""
    try:
        return evaluator(expression)(document)
    except _FAILURES as error:
        raise Malformed(Code.EXPRESSION_FAILED(repr(expression), _why(error))) from error


@lru_cache(EXPRESSIONS_KEPT)
def evaluator(expression: str) -> Evaluator:
    """A function that evaluates an expression on a document. Raises JMESPathError."""
    return _compiled(jmespath.compile(expression).parsed)


def _compiled(node: Any) -> Evaluator:
    """Mappings consist mostly of names, constants, alternatives and functions. As Python functions
    these take a fifth of the time of JMESPath's interpreter, which evaluates the rest."""
    kind, value, children = node["type"], node.get("value"), node["children"]
    if kind == "field":
        return lambda document: document.get(value) if isinstance(document, dict) else None
    if kind == "literal":
        return lambda document: value
    is_equality = kind == "comparator" and value == "eq"
    if not (kind in COMPILED or is_equality) or any(c["type"] == "expref" for c in children):
        return partial(_INTERPRETER.visit, node)
    parts = [_compiled(child) for child in children]
    if is_equality:
        return lambda document: _are_equal(parts[0](document), parts[1](document))
    match kind:
        case "or_expression":
            return lambda document: _either(parts[0](document), parts[1], document)
        case "and_expression":
            return lambda document: _both(parts[0](document), parts[1], document)
        case "function_expression":
            return lambda document: _FUNCTIONS.call_function(value, [of(document) for of in parts])
    return lambda document: reduce(lambda found, part: part(found), parts, document)


def _either(first: Json, second: Evaluator, document: Json) -> Json:
    return second(document) if _is_false(first) else first


def _both(first: Json, second: Evaluator, document: Json) -> Json:
    return first if _is_false(first) else second(document)


def _are_equal(one: Json, other: Json) -> bool:
    """As in JMESPath, true is not 1 and false is not 0."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _is_false(value: Json) -> bool:
    """jmespath.org/specification.html, "Or Expressions": null, false, and anything empty."""
    return value is None or value is False or value in ("", [], {})


def _why(error: Exception) -> str:
    """What went wrong, without the value that caused it, since the text is logged."""
    if isinstance(error, JMESPathTypeError):
        expected = " or ".join(error.expected_types)
        return f"{error.function_name}() takes {expected}, not {error.actual_type}"
    return type(error).__name__


def _iso(moment_ms: int) -> str:
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
