"""What the client's role lacks: refused in Genesys' words and named, and nothing is lost."""

import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.control import control
from simulator.endpoints import ENDPOINTS
from simulator.endpoints.shape import Plain
from simulator.faults import NONE
from simulator.messages import Request
from tests.simulator.test_sdk import understood
from tests.simulator.world import World
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import Simulated, configuration, envelope

#: any token may ask for these; Genesys names no permission (the last one is no endpoint of
#: Genesys')
FREE = {
    "participant-attributes",
    "limits",
    "limits-defaults",
    "home-division",
    "grants",
    "token",
    "analytics-events",
}
GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.permissions]
CODE = "missing.any.permissions"


def test_every_endpoint_names_its_permissions_or_needs_none() -> None:
    assert {e.name for e in ENDPOINTS} - {e.name for e in GUARDED} == FREE


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda e: f"{e.method}-{e.name}")
def test_without_a_permission_it_is_refused_and_learns_which(endpoint: Plain) -> None:
    world = World(NONE)
    world.control("POST", "role", {"lacks": endpoint.permissions})
    answer = world.call(endpoint.method, endpoint.template, b"{}")
    body = json.loads(answer.body)
    assert (answer.status, body["status"], body["code"]) == (403, 403, CODE)
    assert body["contextId"] == answer.headers["ININ-Correlation-Id"]
    assert f"assigned: [{', '.join(endpoint.permissions)}]" in body["message"]


def test_one_of_several_permissions_is_enough() -> None:
    world = World(NONE)
    path = "/api/v2/externalcontacts/externalsources"
    world.control("POST", "role", {"lacks": ["externalContacts:externalSource:view"]})
    assert world.get(path).status == 200
    assert world.post(path, {"name": "crm"}).status == 201
    world.control("POST", "role", {"lacks": ["externalContacts:externalSource:add"]})
    assert world.post(path, {"name": "shop"}).status == 403


@pytest.mark.parametrize("kind", KINDS)
def test_events_wait_for_the_permission_and_take_effect_once(kind: str) -> None:
    world = Simulated(configuration(section(kind)))
    _, topic, count = KINDS[kind]
    batch = world.batch([envelope(number, topic) for number in range(count)])
    path = batch.target.path
    lacks = [e for e in ENDPOINTS if e.method == batch.target.method and _is_at(e.template, path)]
    if lacks[0].permissions:
        control(world.platform, order({"lacks": lacks[0].permissions}))
    else:
        world.platform.conduct = replace(NONE, forbidden=(lacks[0].name,))
    for _ in range(8):
        world.write_once()
        world.timeline.advance(150)
    assert (world.taken(), world.in_review()) == ([], [])

    world.platform.conduct = NONE
    control(world.platform, order({"lacks": []}))
    world.write_all()

    assert len(world.taken()) == len(set(world.taken())) == len(batch.events)
    assert world.state(batch) in ("DONE", "PENDING_EVENT")
    assert world.in_review() == []


def order(value: Any) -> Request:
    return Request("POST", "/_sim/role", {}, {}, json.dumps(value).encode())


def test_the_client_can_read_what_its_roles_permit() -> None:
    world = World(NONE)
    path = "/api/v2/authorization/subjects/me"
    bare = understood(world.get(path), "AuthzSubject")
    assert [grant.role.policies for grant in bare.grants] == [None]
    query = {"includeFullRoles": "true"}
    request = Request("GET", path, query, {"Authorization": world.bearer}, b"")
    (grant,) = understood(world.platform.handle(request), "AuthzSubject").grants
    held = {
        f"{p.domain}:{p.entity_name}:{action}" for p in grant.role.policies for action in p.actions
    }
    assert held < {p for e in GUARDED for p in e.permissions}
    assert all(set(e.permissions) & held for e in GUARDED)


def _is_at(template: str, path: str) -> bool:
    parts = list(zip(template.split("/"), path.split("/"), strict=False))
    return template.count("/") == path.count("/") and all(
        name == part or name.startswith("{") for name, part in parts
    )
