"""Settings from outside: checked once at the boundary, and refused with one sentence."""

import json
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

# For a dataclass's __pydantic_config__: unknown fields and wrong types are errors.
STRICT = ConfigDict(extra="forbid", strict=True)
T = TypeVar("T")


class InvalidSetting(ValueError):
    """One sentence that says which setting is wrong and how."""


def checked(adapter: TypeAdapter[T], value: Any, what: str) -> T:
    """`value`, made of JSON's types, as the adapter's type; raises InvalidSetting."""
    try:
        return adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"][0].lower() + first["msg"][1:]
        raise InvalidSetting(f"{what}: {where or 'the body'}: {reason}") from error
