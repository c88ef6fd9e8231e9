"""The doctor asks what the OAuth client may do, and changes nothing in doing so."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lambdas.relay.kernel.ports import Answer
from ops.errors import OpsError
from ops.genesys_probe import NoVerdict
from ops.grants import (
    GRANTS,
    TO_AUDIT,
    TO_CANCEL,
    TO_READ,
    TO_READ_AT,
    TO_WRITE,
    TO_WRITE_AT,
)
from ops.permissions import permissions
from simulator.endpoints import ENDPOINTS
from simulator.faults import NONE
from simulator.organization import EXTERNAL_SOURCE_ID
from tests.ops.test_setup_journey import caller_of
from tests.simulator.world import World
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import configuration

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
CALLS = "/api/v2/conversations/calls"
#: the kinds that can be tested with an empty list, and by reading what does not exist
WRITTEN = {
    "journey-external-events",
    "conversation-events",
    "external-contacts-enrich",
    "outbound-contacts",
    "external-metrics",
    "generic",
}
READ = {"participant-attributes", "conversations"}
#: the kinds that can be tested both ways
WRITTEN_AND_READ = {
    "external-contacts-enrich": "external-contact-lookup",
    "outbound-contacts": "contact-list-contact",
}


def asked(world: World, kind: str, *, has_audit: bool = False, **more: Any) -> str:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        return caller_of(world).answer(method, path, body)

    return permissions(configuration(section(kind, **more)), call, has_audit=has_audit)


@pytest.mark.parametrize("kind", KINDS)
def test_with_every_permission_all_is_well_and_nothing_happened(kind: str) -> None:
    world = World(NONE)
    says = asked(world, kind)
    assert says.startswith("may write to there") == (kind in WRITTEN)
    assert says.startswith("may read back from there") == (kind in READ)
    assert says.endswith(" and read back from there") == (kind in WRITTEN_AND_READ)
    assert ("by its roles it may write to there" in says) == (kind == "conversations")
    assert world.taken() == []
    assert not world.platform.org.conversations


NEEDED = {
    kind: next(e.permissions for e in ENDPOINTS if e.name == name)
    for kind, name in (
        ("journey-external-events", "journey-external-events"),
        ("conversation-events", "conversation-events"),
        ("external-contacts-enrich", "external-contacts"),
        ("outbound-contacts", "contact-lists"),
        ("external-metrics", "external-metrics"),
        ("participant-attributes", "conversation"),
        ("conversations", "conversation"),
    )
}


@pytest.mark.parametrize("kind", NEEDED)
def test_a_missing_permission_is_named_with_its_destination(kind: str) -> None:
    world = World(NONE)
    world.control("POST", "role", {"lacks": NEEDED[kind]})
    with pytest.raises(OpsError) as told:
        asked(world, kind)
    (permission,) = NEEDED[kind]
    verb = "write to" if kind in WRITTEN else "read back"
    assert f"[{permission}]" in str(told.value)
    assert f"may not {verb}" in str(told.value)
    assert "there" in str(told.value)


@pytest.mark.parametrize("kind", WRITTEN_AND_READ)
def test_that_it_may_write_does_not_prove_that_it_may_read(kind: str) -> None:
    world = World(NONE)
    named = WRITTEN_AND_READ[kind]
    (permission,) = next(e.permissions for e in ENDPOINTS if e.name == named)
    world.control("POST", "role", {"lacks": [permission]})
    with pytest.raises(OpsError) as told:
        asked(world, kind)
    assert f"[{permission}]" in str(told.value)
    assert "may not read back" in str(told.value)
    assert "may not write" not in str(told.value)
    assert "may write to there" in asked(world, kind, confirmation=False)
    assert TO_READ[kind] == permission


def test_the_permissions_are_those_of_the_readme() -> None:
    table = README[README.index("| to write to | permission |") : README.index("The names are")]
    rows = dict(re.findall(r"\| (.+?) \| (.+) \|", table))
    for kind, permission in TO_WRITE.items():
        said = rows[f"`{kind}`"]
        read = f"; `{TO_READ[kind]}` to read back" if kind in TO_READ else ""
        assert said == f"`{permission}`{read}" if permission else said.startswith("none to write")
    made = rows["`conversations`"]
    assert {*TO_WRITE_AT.values(), *TO_READ_AT.values(), TO_CANCEL} == set(
        re.findall(r"`(\w+:\w+:\w+)`", made)
    )
    assert f"`{TO_AUDIT}`" in rows.values()
    assert {e.template: e.permissions for e in ENDPOINTS if e.template in TO_WRITE_AT} == {
        path: (permission,) for path, permission in TO_WRITE_AT.items()
    }


ROLES = [
    *(("write to there", path, permission) for path, permission in TO_WRITE_AT.items()),
    ("cancel duplicates of there", CALLS, TO_CANCEL),
    ("audit conversations", CALLS, TO_AUDIT),
]


@pytest.mark.parametrize(("use", "path", "permission"), ROLES)
def test_what_cannot_be_tested_without_an_effect_is_looked_up_in_the_roles(
    use: str, path: str, permission: str
) -> None:
    world = World(NONE)
    more: dict[str, Any] = {
        "path": path,
        "confirmation": {"duplicates": "cancel"},
        "has_audit": True,
    }
    says = asked(world, "conversations", **more)
    assert says == (
        "may read back from there; by its roles it may audit conversations and write to there and "
        "cancel duplicates of there"
    )
    world.control("POST", "role", {"lacks": [permission]})
    with pytest.raises(OpsError, match=rf"lack {permission} \(to {use}\): give"):
        asked(world, "conversations", **more)
    assert world.taken() == []


def test_everything_missing_is_named_at_once() -> None:
    world = World(NONE)
    world.control("POST", "role", {"lacks": [TO_AUDIT, *NEEDED["outbound-contacts"]]})
    with pytest.raises(OpsError) as told:
        asked(world, "outbound-contacts", has_audit=True)
    assert "[outbound:contact:add]" in str(told.value)
    assert f"lack {TO_AUDIT} (to audit conversations)" in str(told.value)


def test_roles_that_permit_everything_of_a_domain_are_enough() -> None:
    world = World(NONE)
    world.control("POST", "role", {"lacks": [TO_AUDIT]})
    (role,) = world.platform.org.roles.values()
    role["policies"].append({"domain": "analytics", "entityName": "*", "actions": ["*"]})
    assert "it may audit conversations" in asked(world, "outbound-contacts", has_audit=True)


def test_what_cannot_be_examined_is_reported_and_not_called_fine() -> None:
    world = World(NONE)
    world.platform.conduct = replace(NONE, forbidden=("grants",))
    with pytest.raises(NoVerdict, match=r"not examined.*write to there .Genesys does not list"):
        asked(world, "conversations")
    assert asked(world, "journey-external-events") == "may write to there"


def test_a_list_that_only_users_get_is_reported_in_genesys_words() -> None:
    """As /api/v2/users/me answers a client that is not a user."""
    refused = {
        "code": "bad.request",
        "status": 400,
        "message": "This request requires a user context. Client credentials cannot be used.",
        "contextId": "c",
    }

    def call(method: str, path: str, body: bytes | None) -> Answer:
        return Answer(
            *((400, {}, json.dumps(refused).encode()) if path == GRANTS else (404, {}, b""))
        )

    with pytest.raises(NoVerdict) as told:
        permissions(configuration(section("conversations")), call)
    assert "not examined, so watch the first requests: whether it may write to there" in str(
        told.value
    )
    assert "Genesys does not list the client's roles" in str(told.value)
    assert "requires a user context" in str(told.value)


@pytest.mark.parametrize(
    "document", ["", "[]", "{}", '{"grants": [{"role": {"id": "r"}}]}', "[" * 5_000]
)
def test_a_list_of_roles_that_says_nothing_counts_as_not_examined(document: str) -> None:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        told = (200, document) if path == GRANTS else (404, "")
        return Answer(told[0], {}, told[1].encode())

    with pytest.raises(NoVerdict, match=r"not examined.*write to there .*cannot be read"):
        permissions(configuration(section("conversations")), call)


def test_a_list_of_roles_that_contradicts_genesys_is_not_believed() -> None:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        return Answer(200 if path == GRANTS else 404, {}, b'{"grants": []}')

    with pytest.raises(NoVerdict, match=r"not examined.*write to there .*lists no role that"):
        permissions(configuration(section("conversations")), call)


def test_a_path_whose_permission_nobody_knows_is_not_examined() -> None:
    one: dict[str, Any] = {"path": "/api/v2/flows/{flow}", "path_values": {"flow": "body.flowId"}}
    with pytest.raises(NoVerdict, match=r"not examined.*whether it may write to there$"):
        asked(World(NONE), "generic", **one)


def test_an_id_that_does_not_exist_is_reported() -> None:
    nobody = section("journey-external-events", configuration_id=EXTERNAL_SOURCE_ID)
    with pytest.raises(OpsError, match="check the ids and the region"):
        asked(World(NONE), nobody.pop("kind"), **nobody)


@pytest.mark.parametrize("kind", sorted(WRITTEN | READ))
@pytest.mark.parametrize("status", [302, 401, 408, 429, 500, 503])
def test_an_unclear_answer_is_not_taken_for_a_permission(kind: str, status: int) -> None:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        return Answer(status, {}, b"{}")

    with pytest.raises(OpsError, match=f"{status}") as told:
        permissions(configuration(section(kind)), call)

    assert ("token that the API refuses" in str(told.value)) == (status == 401)
    assert isinstance(told.value, NoVerdict) == (status in (429, 500, 503))
