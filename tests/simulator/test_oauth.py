"""Login and tokens of the simulated Genesys."""

import json
from dataclasses import replace

from simulator.faults import NONE
from simulator.oauth import CLIENT_SECRET
from tests.simulator.world import World


def test_a_login_gives_a_bearer_token_with_its_lifetime() -> None:
    body = json.loads(World(NONE).login(CLIENT_SECRET).body)
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 86_400
    assert body["access_token"]


def test_a_wrong_secret_is_an_invalid_client() -> None:
    answer = World(NONE).login("wrong")
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_client")


def test_another_grant_is_refused() -> None:
    answer = World(NONE).login(CLIENT_SECRET, grant="password")
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "unsupported_grant_type")


def test_a_call_without_or_with_a_wrong_token_is_unauthorized_and_without_effect() -> None:
    world = World(NONE)
    for bearer, code in (("", "authentication.required"), ("Bearer x", "bad.credentials")):
        answer = world.events("a", Authorization=bearer)
        body = json.loads(answer.body)
        assert (answer.status, body["code"], body["status"]) == (401, code, 401)
        assert body["contextId"] == answer.headers["ININ-Correlation-Id"]
    assert world.taken() == []


def test_a_token_expires() -> None:
    world = World(replace(NONE, expires_in_s=300))
    world.clock.now += 299.9
    assert world.events("a").status == 200
    world.clock.now += 0.1
    assert world.events("b").status == 401


def test_a_token_of_a_hipaa_organisation_expires_when_idle() -> None:
    world = World(replace(NONE, idle_expiry_s=900.0))
    for _ in range(3):
        world.clock.now += 900
        assert world.events("a").status == 200
    world.clock.now += 901
    assert world.events("a").status == 401


def test_two_secrets_are_valid_while_one_is_rotated() -> None:
    world = World(NONE)
    world.control("POST", "secrets", {"secrets": [CLIENT_SECRET, "next"]})
    assert world.login(CLIENT_SECRET).status == world.login("next").status == 200
    world.control("POST", "secrets", {"secrets": ["next"], "revoke_tokens": True})
    assert world.login(CLIENT_SECRET).status == 401
    assert world.events("a").status == 401


def test_the_login_endpoint_has_a_limit_of_its_own() -> None:
    world = World(replace(NONE, logins_per_minute=2))
    assert world.login(CLIENT_SECRET).status == 200
    refused = world.login(CLIENT_SECRET)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
    assert world.events("a").status == 200
    world.clock.now += 60
    assert world.login(CLIENT_SECRET).status == 200
