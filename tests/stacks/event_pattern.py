"""EventBridge's patterns, matched as its documents describe it: an independent judge for tests.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and
eb-event-patterns.html: an event consists of its leaves, by their paths; a list consists of all its
elements, also those of lists and objects in it; the values listed for a path are alternatives, one
of which must match one of the leaves there; an object, or an empty list, is no leaf.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Leaves = Mapping[str, list[Any]]


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    found: dict[str, list[Any]] = {}
    for path, leaf in _leaves("", event):
        found.setdefault(path, []).append(leaf)
    return _fits(pattern, "", found)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from _leaves(f"{path}.{name}", inner)
        case list():
            for inner in value:
                yield from _leaves(path, inner)
        case _:
            yield path, value


def _fits(pattern: Mapping[str, Any], path: str, leaves: Leaves) -> bool:
    for name, wanted in pattern.items():
        if name == "$or":
            fits = any(_fits(alternative, path, leaves) for alternative in wanted)
        elif isinstance(wanted, Mapping):
            fits = _fits(wanted, f"{path}.{name}", leaves)
        else:
            there = leaves.get(f"{path}.{name}", [])
            fits = any(_matches(each, there) for each in wanted)
        if not fits:
            return False
    return True


def _matches(wanted: Any, leaves: list[Any]) -> bool:
    match wanted:
        case {"exists": bool(expected)}:
            return bool(leaves) is expected
        case {"anything-but": list(values)}:
            return any(not any(_is(leaf, value) for value in values) for leaf in leaves)
        case {"numeric": ["=", number]}:
            numbers = (leaf for leaf in leaves if isinstance(leaf, int | float))
            return any(leaf == number for leaf in numbers if not isinstance(leaf, bool))
        case {"prefix": str(start)}:
            return any(isinstance(leaf, str) and leaf.startswith(start) for leaf in leaves)
        case Mapping():
            raise AssertionError(f"this judge does not know {wanted}")
        case _:
            return any(_is(leaf, wanted) for leaf in leaves)


def _is(leaf: Any, value: Any) -> bool:
    """Compared as JSON texts: true is not 1."""
    return type(leaf) is type(value) and leaf == value
