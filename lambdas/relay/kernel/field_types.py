"""Whether what was read is what it must be: Python does not look."""

import json
from dataclasses import fields
from functools import cache
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
    kinds = _plain(type(made))  # type: ignore[arg-type]  # a class is hashable
    return all(type(getattr(made, name)) in types for name, types in kinds)


@cache
def _plain(made: Any) -> tuple[tuple[str, tuple[type, ...]], ...]:
    return tuple((f.name, _TYPES[f.type]) for f in fields(made) if f.type in _TYPES)


def is_json(text: str) -> bool:
    """Whether our own text can be read, if need be; what others wrote is `read_json`'s."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_encodable(text: str) -> bool:
    """JSON can say half of a surrogate pair, and UTF-8 cannot."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
