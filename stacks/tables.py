"""What the tables of an environment file share, and the sentence that reports an error in one.

Each field's description completes "expected ...".
"""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NonEmpty = Annotated[str, Field(min_length=1)]
#: of a destination or a route
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

#: of a key without quotes, toml.io/en/v1.0.0#keys
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")

#: A wrong value is quoted up to this length (characters).
QUOTED_VALUE_MAX = 80


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


T = TypeVar("T", bound=Table)


def validated(table: type[T], said: object, where: str = "") -> T:
    """The value `said`, validated as a table; `where`: its place in the file. Raises ValueError
    with one sentence that names the place."""
    try:
        # Through JSON: in strict mode only JSON arrays become tuples.
        return table.model_validate_json(json.dumps(said))
    except ValidationError as error:
        raise ValueError(_sentence(error, table, where)) from None


def place_of(location: Sequence[str | int], where: str = "") -> str:
    """A place in the file as a person would name it: routes[0].topics."""
    key = where
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            name = part if PLAIN_NAME.fullmatch(part) else quoted(part)
            key += f".{name}" if key else name
    return key


def quoted(value: object) -> str:
    """A wrong value as JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= QUOTED_VALUE_MAX else text[:QUOTED_VALUE_MAX] + "…"


def _sentence(error: ValidationError, table: type[Table], where: str) -> str:
    """The first of the problems; a misspelt name comes first, as it explains a missing one."""
    problems = error.errors(include_url=False)
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    location, key = first["loc"], place_of(first["loc"], where)
    if first["type"] == "json_invalid":
        return (
            f"{key or 'the file'} contains a string that is not valid Unicode: "
            f"{first['ctx']['error']}"
        )
    if first["type"] == "value_error" and str(first["ctx"]["error"]):
        own_words = str(first["ctx"]["error"])
        return f"{key}: {own_words}" if key else own_words
    expected = _expectation(table, location) or "a table of names and values"
    if first["type"] == "extra_forbidden":
        return f"{key} is not a known key; expected {expected}"
    if first["type"] == "missing":
        return f"{key} is missing; expected {expected}"
    return f"{key} is {quoted(first['input'])}; expected {expected}"


def _expectation(table: type[Table], location: Sequence[str | int]) -> str:
    """What is expected at a place, from the innermost field's description."""
    inside: type[Table] | None = table
    said, parts = "", iter(location)
    for part in parts:
        if inside is None or part == "[key]":
            break
        field = inside.model_fields.get(str(part))
        if field is None:
            return f"one of: {', '.join(sorted(inside.model_fields))}"
        said, inside = field.description or said, _table_in(field.annotation)
        if get_origin(field.annotation) in (dict, tuple) and next(parts, None) is None:
            break
    return said


def _table_in(annotation: Any) -> type[Table] | None:
    """The table that a field is or contains."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
