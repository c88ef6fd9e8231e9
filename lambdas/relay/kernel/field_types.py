"""Whether what was read is what it must be: Python does not look."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache, lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any

#: what is checked of a field, by what it is said to be
_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    str | None: (str, NoneType),
    int | None: (int, NoneType),
}


def holds(made: Any) -> bool:
    """Every field of a dataclass's instance that is said to be a text or a whole number is one."""
    of: Any = type(made)  # a class is hashable, whatever mypy says
    return _hold(of, tuple(map(type, _values(of)(made))))


@cache
def _plain(of: Any) -> Mapping[str, tuple[type, ...]]:
    return {f.name: _TYPES[f.type] for f in fields(of) if f.type in _TYPES}


@cache
def _values(of: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Those of the fields that are looked at."""
    names = tuple(_plain(of))
    # Of one name alone it gives no tuple.
    return attrgetter(*names) if len(names) > 1 else lambda made: (getattr(made, *names),)


@lru_cache(maxsize=256)
def _hold(of: Any, found: tuple[type, ...]) -> bool:
    """The events of a batch are of the same types, one like another."""
    return all(kind in types for kind, types in zip(found, _plain(of).values(), strict=True))


def is_json(text: str) -> bool:
    """Whether our own text can be read, if need be; what others wrote is `read_json`'s."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_encodable(text: str) -> bool:
    """JSON can say half of a surrogate pair, and UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
