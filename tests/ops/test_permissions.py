"""The doctor asks what the OAuth client may do, and changes nothing by it."""

from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.kernel.ports import Answer
from ops.errors import OpsError
from ops.genesys_probe import NoVerdict
from ops.permissions import permissions
from simulator.endpoints import ENDPOINTS
from simulator.faults import NONE
from simulator.organization import EXTERNAL_SOURCE_ID
from tests.simulator.world import World
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import configuration

#: the kinds that can be asked by an empty list, and by a look at nothing
WRITTEN = {
    "journey-external-events",
    "conversation-events",
    "external-contacts-enrich",
    "outbound-contacts",
    "external-metrics",
    "generic",
}
READ = {"participant-attributes", "conversations"}


def asked(world: World, kind: str, **more: Any) -> str:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        answer = world.call(method, path, body or b"")
        return Answer(answer.status, answer.headers, answer.body)

    return permissions(configuration(section(kind, **more)), call)


@pytest.mark.parametrize("kind", KINDS)
def test_with_every_permission_all_is_well_and_nothing_happened(kind: str) -> None:
    world = World(NONE)
    says = asked(world, kind)
    assert ("may write to there" in says) == (kind in WRITTEN)
    assert ("may read back from there" in says) == (kind in READ)
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
def test_a_permission_that_lacks_is_named_with_its_destination(kind: str) -> None:
    world = World(NONE)
    world.platform.conduct = replace(NONE, forbidden=NEEDED[kind])
    with pytest.raises(OpsError) as told:
        asked(world, kind)
    (permission,) = NEEDED[kind]
    verb = "write to" if kind in WRITTEN else "read back"
    assert f"[{permission}]" in str(told.value)
    assert f"may not {verb}" in str(told.value)
    assert "there" in str(told.value)


def test_an_id_that_is_not_there_is_said() -> None:
    nobody = section("journey-external-events", configuration_id=EXTERNAL_SOURCE_ID)
    with pytest.raises(OpsError, match="check the ids and the region"):
        asked(World(NONE), nobody.pop("kind"), **nobody)


@pytest.mark.parametrize("kind", sorted(WRITTEN | READ))
@pytest.mark.parametrize("status", [302, 401, 408, 429, 500, 503])
def test_an_answer_that_does_not_tell_is_not_taken_for_a_permission(kind: str, status: int) -> None:
    def call(method: str, path: str, body: bytes | None) -> Answer:
        return Answer(status, {}, b"{}")

    with pytest.raises(OpsError, match=f"{status}") as told:
        permissions(configuration(section(kind)), call)

    assert ("token that the API refuses" in str(told.value)) == (status == 401)
    assert isinstance(told.value, NoVerdict) == (status in (429, 500, 503))
