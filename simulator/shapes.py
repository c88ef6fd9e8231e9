"""Judges the body of a request by the SDK's model of it (schema/genesys-requests.json)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from simulator.assumptions import Assumptions

SHAPES = Path(__file__).parents[1] / "schema" / "genesys-requests.json"
#: SDK: "Date time is represented as an ISO-8601 string. For example: yyyy-MM-ddTHH:mm:ss[.mmm]Z"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
FORMATS = FormatChecker(("uuid", "date"))


@FORMATS.checks("date-time", ValueError)
def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True  # its type is judged elsewhere
    if not MOMENT.fullmatch(value):
        return False
    datetime.fromisoformat(value[:19])
    return True


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, and where: members and indices from the body down."""

    path: tuple[str | int, ...]
    says: str


@cache
def _shapes() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SHAPES.read_text("utf-8"))
    return loaded


@cache
def _validator(operation: str) -> Draft202012Validator | None:
    shape = _shapes()["operations"].get(operation)
    if shape is None:
        return None
    document = {"allOf": [shape], "models": _shapes()["models"]}
    return Draft202012Validator(document, format_checker=FORMATS)


def flaws(method: str, template: str, body: Any, assumptions: Assumptions) -> Iterator[Flaw]:
    """Everything that is wrong with the body of this operation; nothing if the SDK does not know
    the operation."""
    validator = _validator(f"{method} {template}")
    if validator is None:
        return
    for error in validator.iter_errors(body):
        if _matters(error, assumptions):
            path = tuple(error.absolute_path)
            where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
            yield Flaw(path, f"{where.lstrip('.') or 'body'}: {_words(error)}")


def flaw_of(model: str, value: Any) -> str:
    """What is wrong with something that the SDK's model describes; "" if nothing is."""
    document = {"$ref": f"#/models/{model}", "models": _shapes()["models"]}
    errors = Draft202012Validator(document, format_checker=FORMATS).iter_errors(value)
    return next((f"{error.json_path}: {error.message}" for error in errors), "")


def _matters(error: ValidationError, assumptions: Assumptions) -> bool:
    match error.validator:
        case "additionalProperties":
            return assumptions.unknown_members_are_refused or error.validator_value is not False
        case "required":
            return assumptions.required_members_are_checked
        case _:
            return True


def _words(error: ValidationError) -> str:
    """Genesys' wording, without values of the request: they may be personal."""
    schema: Any = error.schema
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            return f"unrecognized field {sorted(set(instance) - set(schema['properties']))[0]}"
        case "required":
            return error.message.replace(" is a required property", " is required")
        case "enum":
            return f"must be one of {', '.join(schema['enum'])}"
        case validator:
            return f"must be of {validator} {error.validator_value}"
