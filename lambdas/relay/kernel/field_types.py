"""Whether the fields of a dataclass have their declared types, which Python does not check."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache, lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any

#: the types that are checked, by a field's annotation
_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    str | None: (str, NoneType),
    int | None: (int, NoneType),
}


def holds(made: Any) -> bool:
    """Whether every field of an instance that is declared as a text or an integer is one."""
    of: Any = type(made)  # a class is hashable, whatever mypy says
    return _hold(of, tuple(map(type, _values(of)(made))))


@cache
def _plain(of: Any) -> Mapping[str, tuple[type, ...]]:
    return {f.name: _TYPES[f.type] for f in fields(of) if f.type in _TYPES}


@cache
def _values(of: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Returns a function that gets the values of the checked fields."""
    names = tuple(_plain(of))
    # With a single name, attrgetter does not return a tuple.
    return attrgetter(*names) if len(names) > 1 else lambda made: (getattr(made, *names),)


@lru_cache(maxsize=256)
def _hold(of: Any, found: tuple[type, ...]) -> bool:
    """Cached, since all events of a batch have fields of the same types."""
    return all(kind in types for kind, types in zip(found, _plain(of).values(), strict=True))


def is_json(text: str) -> bool:
    """Whether a text of our own is JSON; texts from outside need the stricter `read_json`."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can encode a text: a text from JSON may contain half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
