"""Compares the requests that routes make with Genesys' SDK.

A member that the SDK does not know may be refused or ignored; so may a value that it does not list,
or a name in place of an id. None of it is certain: the SDK can be older than the platform. So it is
reported and not refused. schema/genesys-requests.json is extracted from the SDK
(simulator/sdk_shapes.py); paths that are not in it are not checked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.generic import KIND as GENERIC
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.routes.configuration import Configuration
from stacks.schema.expressions import constant_of
from stacks.schema.guids import is_guid

REQUESTS = Path(__file__).parents[2] / "schema" / "genesys-requests.json"
#: members of which an item needs one, and what it lacks without (SDK models CreateCallRequest,
#: CreateCallbackCommand, ExternalMetricDataItem; that a callback needs a number no model says)
ONE_OF: Mapping[str, Mapping[str, Sequence[str]]] = {
    "/api/v2/conversations/calls": {
        "nobody to call": (
            "phoneNumber", "callUserId", "callQueueId", "participants", "externalContactId",
        ),
    },
    "/api/v2/conversations/callbacks": {
        "no number to call back": ("callbackNumbers",),
        "no queue to call from": ("queueId", "routingData"),
    },
    "/api/v2/employeeperformance/externalmetrics/data": {"no user": ("userId", "userEmail")},
}  # fmt: skip
#: the paths of Genesys' endpoints, and of those that create conversations
API, PEOPLE = "/api/v2/", "/api/v2/conversations/"
Schema = Mapping[str, Any]


def objections(configuration: Configuration) -> Iterator[str]:
    """A sentence for each setting that is probably wrong."""
    own = {d.name: d for d in configuration.destinations.values()}
    for destination in own.values():
        yield from _of_destination(destination)
    for number, route in enumerate(configuration.routes):
        bodies, forced = _items(route.destination), route.destination.forced
        said = {name: each for name, each in route.item.items() if name not in forced}
        yield from _of(said, bodies, f"the item of routes[{number}]", "")
        for name in sorted(_required(bodies) - {*route.item, *forced}):
            yield f"the item of routes[{number}] gives no {name}, which Genesys requires there."
        for lacking, one_of in ONE_OF.get(route.destination.path, {}).items():
            if route.destination.is_genesys and set(one_of).isdisjoint(route.item):
                yield (
                    f"the item of routes[{number}] names {lacking}; Genesys' SDK has "
                    f"{', '.join(one_of)} for that."
                )


def _of_destination(destination: Destination) -> Iterator[str]:
    where = f"destinations.{destination.name}"
    if destination.reaches_people and destination.unknown == "repost":
        yield (
            f'{where}.unknown is "repost", but its requests call or write to people, who may then '
            "be reached twice; leave it out to have such cases reviewed."
        )
    beginning = PEOPLE if destination.kind == "conversations" else API
    if destination.is_genesys and not destination.path.startswith(beginning):
        yield f"{where}.path is {destination.path!r}; expected a path under {beginning}."
    if destination.is_genesys and destination.path == GENERIC.path:
        yield f"{where}.path is {destination.path!r}, which Genesys Cloud itself does not have."
    known = _request(destination).get("properties")
    for name in sorted({destination.into, *destination.lists.values()} - {"", *(known or {})}):
        if known and destination.shape == "lists":
            yield f"{where} writes into {name}, a list that Genesys' SDK does not have there."


def _of(template: Json, schemas: Sequence[Schema], where: str, member: str) -> Iterator[str]:
    """`schemas`: the alternatives, any of which is allowed here."""
    schemas = [_resolved(schema) for schema in schemas]
    match template:
        case dict():
            known = {name for schema in schemas for name in schema.get("properties", {})}
            is_free = not schemas or any(schema.get("properties") is None for schema in schemas)
            others = [s["additionalProperties"] for s in schemas if "additionalProperties" in s]
            for name, each in template.items():
                place = f"{member}.{name}".lstrip(".")
                inside = [s["properties"][name] for s in schemas if name in s.get("properties", {})]
                if inside:
                    yield from _of(each, inside, where, place)
                elif is_free and not isinstance(each, str):
                    yield from _of(each, others, where, place)
                elif not is_free:
                    yield (
                        f"{where} gives {place}, which Genesys' SDK does not have there; it has "
                        f"{', '.join(sorted(known))}."
                    )
        case list():
            inside = [schema["items"] for schema in schemas if "items" in schema]
            for number, each in enumerate(template):
                yield from _of(each, inside, where, f"{member}[{number}]")
        case str():
            yield from _of_constant(template, schemas, where, member)
        case bool() | int() | float():
            due = {schema.get("type") for schema in schemas}
            if due == {"string"}:
                yield f"{where} gives {member} {template!r}, where Genesys' SDK has a text."


def _of_constant(
    expression: str, schemas: Sequence[Schema], where: str, member: str
) -> Iterator[str]:
    """An expression's value depends on the event; this checks those that are constant."""
    value, allowed = constant_of(expression), [schema.get("enum", []) for schema in schemas]
    if value is None:
        return
    if allowed and all(value not in each for each in allowed if each) and all(allowed):
        listed = ", ".join(sorted({each for row in allowed for each in row}))
        yield f"{where} gives {member} {value!r}; Genesys' SDK lists {listed}."
    elif schemas and member.endswith("Id") and not is_guid(value):
        yield (
            f"{where} gives {member} {value!r}, which is not a GUID as Genesys Cloud's ids are; a "
            "name cannot be used there."
        )


def _required(schemas: Sequence[Schema]) -> set[str]:
    """The members that all of them require."""
    required = [{*_resolved(schema).get("required", [])} for schema in schemas]
    return set.intersection(*required) if required else set()


def _items(destination: Destination) -> list[Schema]:
    """The possible schemas of one item of a destination's request."""
    request = _request(destination)
    match destination.shape:
        case "single":
            return [request] if request else []
        case "array":
            return [request["items"]] if "items" in request else []
        case _:
            names = {destination.into, *destination.lists.values()}
            lists = request.get("properties", {})
            return [lists[name]["items"] for name in sorted(names) if name in lists]


def _request(destination: Destination) -> Schema:
    """The schema of a destination's request body; {} if the SDK has none."""
    if not destination.is_genesys:
        return {}
    for operation, schema in _known()["operations"].items():
        method, _, path = operation.partition(" ")
        if method == destination.method and _is_at(destination.path, path):
            return _resolved(schema)
    return {}


def _is_at(path: str, template: str) -> bool:
    parts, names = path.split("/"), template.split("/")
    return len(parts) == len(names) and all(
        name == part or name.startswith("{") for part, name in zip(parts, names, strict=True)
    )


def _resolved(schema: Schema) -> Schema:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return _known()["models"][name] if name else schema


@cache
def _known() -> Mapping[str, Any]:
    known: Mapping[str, Any] = json.loads(REQUESTS.read_text("utf-8"))
    return known
