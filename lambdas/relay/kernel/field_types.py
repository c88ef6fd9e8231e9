"""Whether what was read into a dataclass is what the dataclass says: Python does not look."""

from dataclasses import fields
from functools import cache
from typing import Any


def holds(made: Any) -> bool:
    """Every field of a dataclass's instance that is said to be a text or a whole number is one."""
    kinds = _plain(type(made))  # type: ignore[arg-type]  # a class is hashable
    return all(type(getattr(made, name)) is kind for name, kind in kinds)


@cache
def _plain(made: Any) -> tuple[tuple[str, type], ...]:
    return tuple((f.name, f.type) for f in fields(made) if f.type is str or f.type is int)
