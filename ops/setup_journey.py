"""`relay setup journey`: finds or makes what journey external events need in Genesys Cloud.

An External Source in which customers' ids are unique, a schema of the attributes, a configuration
of it in a division, and the activation that makes journeys show the events. Nothing is made without
--apply, and whatever exists is left unchanged, so it can be run again at any time.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lambdas.relay.destinations.journey import ATTRIBUTES, item_of
from lambdas.relay.kernel.paths import filled
from ops.errors import OpsError
from ops.genesys_probe import Caller, NoVerdict, token_of
from ops.grants import held, permits
from ops.http import operators_http
from ops.session import session_of
from ops.try_event import configuration_of
from stacks.schema.expressions import constant_of

app = typer.Typer(no_args_is_help=True, help="Create in Genesys Cloud what destinations need.")
SOURCES = "/api/v2/externalcontacts/externalsources"
ROOT = "/api/v2/journey/externalevents"
DEFINITIONS = "/api/v2/journey/views/eventdefinitions"
HOME = "/api/v2/authorization/divisions/home"
PAGE = 100
#: what making each thing needs
TO_MAKE: Mapping[str, str] = {
    "external source": "externalContacts:externalSource:add",
    "schema": "journey:externalEventsSchema:add",
    "configuration": "journey:externalEventsConfiguration:add",
    "activation": "journey:externalEvents:activate",
}
VARIABLES = ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names in Genesys Cloud, by which existing things are found again."""

    external_source: str
    #: of the schema and its configuration
    title: str
    attributes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    name: str
    #: "" if it does not exist and was not made
    id: str
    made: bool


@app.callback()
def _group() -> None:
    """One command for each matter."""


@app.command("journey", short_help="What journey external events need.")
def journey(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Create what is missing.")] = False,
    external_source: Annotated[
        str, typer.Option(help="The External Source in which customers' ids are unique.")
    ] = "Customers",
    title: Annotated[
        str, typer.Option(help="The name of the events in journeys.")
    ] = "Customer steps",
) -> None:
    """Find or make what journey external events need, for the organisation that --environment
    <name or file.toml> names. The OAuth client comes from the variables GENESYS_CLIENT_ID
    and GENESYS_CLIENT_SECRET. Without --apply it only says what it would make."""
    session = session_of(context)
    client_id, client_secret = credentials_said(os.environ)
    relay = configuration_of(session.target.environment).document.relay
    http = operators_http()
    token = token_of(http, relay.genesys_login_url, client_id, client_secret)
    caller = Caller(http, relay.genesys_api_url, token)
    steps = list(set_up(caller, Wanted(external_source, title, tuple(ATTRIBUTES)), apply=apply))
    session.screen.document([{"what": s.what, "name": s.name, "id": s.id} for s in steps])
    for step in steps:
        state = "made" if step.made else "found" if step.id else outlook(caller, step)
        session.screen.say(f"{step.what} {step.name!r}: {state} {step.id}".rstrip())
    if all(step.id for step in steps):
        ids = {step.what: step.id for step in steps}
        looked_at(caller, ids["configuration"], item_of(ids["external source"]))
        session.screen.say(lines_of(steps), "green")


def outlook(caller: Caller, step: Step) -> str:
    """Whether a missing thing can be made."""
    permission = TO_MAKE[step.what]
    try:
        if permits(held(caller.answer), permission):
            return "missing; --apply makes it"
        return f"missing; the client's roles lack {permission}, so give it to one of them first"
    except NoVerdict as no_verdict:
        return f"missing; --apply makes it, which needs {permission} (not examined: {no_verdict})"


def credentials_said(variables: Mapping[str, str]) -> tuple[str, str]:
    """The OAuth client's id and secret. Raises OpsError if they are not set."""
    missing = [name for name in VARIABLES if not variables.get(name)]
    if missing:
        raise OpsError(f"Set {', '.join(missing)} in the environment to those of the OAuth client.")
    client_id, client_secret = (variables[name] for name in VARIABLES)
    return client_id, client_secret


def lines_of(steps: Sequence[Step]) -> str:
    """The lines that the environment file needs."""
    ids = {step.what: step.id for step in steps}
    return (
        "\n[destinations.journey]\n"
        'kind = "journey-external-events"\n'
        f'configuration_id = "{ids["configuration"]}"\n'
        f'external_source_id = "{ids["external source"]}"'
    )


def set_up(caller: Caller, wanted: Wanted, *, apply: bool) -> Iterator[Step]:
    """Finds or makes each thing; raises OpsError with Genesys' message."""
    source = _one(_sources(caller, wanted.external_source), "name", wanted.external_source)
    source_made = source is None and apply
    if source_made:
        source = caller.write("POST", SOURCES, {"name": wanted.external_source, "active": True})
    yield _step("external source", wanted.external_source, source, source_made)

    schemas = [
        {**schema, "title": schema.get("jsonSchema", {}).get("title")}
        for schema in caller.read(f"{ROOT}/schemas").get("entities", [])
    ]
    schema = _one(schemas, "title", wanted.title)
    schema_made = schema is None and apply
    if schema_made:
        schema = caller.write("POST", f"{ROOT}/schemas", _schema(wanted))
    if schema is not None:
        _refuse_another(schema, wanted)
    yield _step("schema", wanted.title, schema, schema_made)

    configuration, configuration_made = None, False
    if schema is not None:
        configuration = _one(list(_configurations(caller)), "schemaId", schema["id"])
        configuration_made = configuration is None and apply
    if configuration_made and schema is not None:
        configuration = caller.write(
            "POST", f"{ROOT}/configurations", _configuration(caller, wanted, schema["id"])
        )
    yield _step("configuration", wanted.title, configuration, configuration_made)

    active = schema is not None and is_activated(caller, schema["id"])
    activated = schema is not None and not active and apply
    if activated and schema is not None:
        order = {"displayName": wanted.title, "rank": 1}
        definition_id = _definition_id(caller, schema["id"])
        caller.write("PUT", f"{_under(DEFINITIONS, definition_id)}/activate", order)
    there = schema if active or activated else None
    yield _step("activation", wanted.title, there, activated)


def _step(what: str, name: str, there: Mapping[str, Any] | None, made: bool) -> Step:
    return Step(what, name, "" if there is None else str(there["id"]), made)


def _one(rows: Sequence[Mapping[str, Any]], member: str, value: str) -> Mapping[str, Any] | None:
    return next((row for row in rows if row.get(member) == value), None)


def _refuse_another(schema: Mapping[str, Any], wanted: Wanted) -> None:
    """Raises OpsError if a schema of this title is for something else."""
    there = (schema.get("jsonSchema") or {}).get("properties") or {}
    lacks = [name for name in wanted.attributes if name not in there]
    if lacks:
        raise OpsError(
            f"The schema {wanted.title!r} exists, but lacks {', '.join(lacks)}, which the steps "
            "need: add them in Genesys Cloud, or choose another --title."
        )


def _schema(wanted: Wanted) -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": wanted.title,
        "description": "What customers did outside the contact centre",
        "properties": {
            name: {"type": "string", "title": name, "description": name}
            for name in wanted.attributes
        },
    }


def _configuration(caller: Caller, wanted: Wanted, schema_id: str) -> dict[str, Any]:
    return {
        "name": wanted.title,
        "description": "Written by genesys-relay",
        "divisionId": caller.read(HOME)["id"],
        "schemaId": schema_id,
        "source": "genesys-relay",
    }


def _sources(caller: Caller, name: str) -> list[Mapping[str, Any]]:
    """SDK: `name` is a prefix; further pages by cursor."""
    found: list[Mapping[str, Any]] = []
    cursor = ""
    while True:
        page = caller.read(
            SOURCES, name=name, limit=str(PAGE), **({"cursor": cursor} if cursor else {})
        )
        found += page.get("entities", [])
        cursor = (page.get("cursors") or {}).get("after") or ""
        if not cursor:
            return found


def _configurations(caller: Caller) -> Iterator[Mapping[str, Any]]:
    number, pages = 1, 1
    while number <= pages:
        page = caller.read(f"{ROOT}/configurations", pageSize=str(PAGE), pageNumber=str(number))
        yield from page.get("entities", [])
        number, pages = number + 1, int(page.get("pageCount") or 1)


def _definition_id(caller: Caller, schema_id: str) -> str:
    """The id of the schema's event definition. No document says whether it equals the schema's id
    (docs/assumptions.md), so it is looked up in the list of definitions by the event's name."""
    summary = _one(_external(caller), "schemaId", schema_id) or {}
    rows = caller.read(DEFINITIONS).get("entities", [])
    known = _one(rows, "id", schema_id) or _one(rows, "name", str(summary.get("eventName"))) or {}
    return str(known.get("id") or schema_id)


def _external(caller: Caller) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = caller.read(f"{DEFINITIONS}/external").get("entities", [])
    return rows


def is_activated(caller: Caller, schema_id: str) -> bool:
    """Whether journeys show the events of this schema. Raises OpsError if Genesys itself has a
    problem with them."""
    row = _one(_external(caller), "schemaId", schema_id)
    if row is not None and row.get("systemStatus") == "Error":
        raise OpsError(
            f"Genesys reports an error of its own with the event type {row.get('displayName')}: "
            "open it in Journey Management, or ask Genesys."
        )
    return row is not None and row.get("activationStatus") == "Activated"


def sources_of(item: Any) -> Iterator[str]:
    """The ids of External Sources that a mapping contains as constants."""
    match item:
        case {"externalSourceId": str() as expression, **rest}:
            constant = constant_of(expression)
            if constant is not None:
                yield constant
            yield from sources_of(rest)
        case dict():
            for value in item.values():
                yield from sources_of(value)
        case list():
            for value in item:
                yield from sources_of(value)


def _under(root: str, id_: str) -> str:
    """The path of one thing. Raises Malformed if its id is not valid."""
    return filled(f"{root}/{{id}}", {"id": id_})


def looked_at(caller: Caller, configuration_id: str, item: Any) -> str:
    """What is in order with a journey destination; raises OpsError with what is not."""
    found = caller.read(_under(f"{ROOT}/configurations", configuration_id))
    for flag, part in (("schemaActive", "schema"), ("divisionIdActive", "division")):
        if found.get(flag) is False:
            raise OpsError(f"The {part} of the configuration {found.get('name')} is not active.")
    for source_id in sources_of(item):
        source = caller.read(_under(SOURCES, source_id))
        if source.get("active") is False:
            raise OpsError(
                f"The External Source {source.get('name')} is not active: activate it in Genesys "
                "Cloud Admin."
            )
    if not is_activated(caller, str(found["schemaId"])):
        raise OpsError(
            f"Journeys do not show events of {found.get('name')}: run `relay setup journey "
            "--apply`, or activate them in Journey Management."
        )
    return json.dumps(found.get("name"))
