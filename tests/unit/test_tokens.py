"""The token: cached, renewed early, refetched once; the secret read anew when it is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.genesys.outcomes import Deferred
from lambdas.relay.genesys.tokens import Tokens
from lambdas.relay.kernel.limits import TOKEN_IDLE_MAX_S
from lambdas.relay.kernel.ports import Answer, Credentials
from lambdas.relay.kernel.reasons import Code, sentence
from simulator.faults import NONE, Conduct
from simulator.oauth import CLIENT_ID
from tests.unit.simulated import Simulated, envelope


def tokens(world: Simulated) -> Tokens:
    return Tokens(
        world.http, world.secrets, world.clock, world.rate_limiter(), "https://login.simulated/"
    )


def logins(world: Simulated) -> int:
    return sum(request.path == "/oauth/token" for request in world.http.sent)


def test_one_token_serves_until_most_of_its_life_is_over() -> None:
    world = Simulated(conduct=Conduct(expires_in_s=1000))
    held = tokens(world)
    first = held.bearer(fresh=False)
    world.timeline.advance(790)
    assert held.bearer(fresh=False) == first
    world.timeline.advance(20)
    assert held.bearer(fresh=False) != first
    assert logins(world) == 2


def test_a_token_that_was_idle_is_not_trusted() -> None:
    """HIPAA organisations end it after 15 idle minutes."""
    world = Simulated(conduct=Conduct(idle_expiry_s=900))
    held = tokens(world)
    held.bearer(fresh=False)
    world.timeline.advance(TOKEN_IDLE_MAX_S - 1)
    held.bearer(fresh=False)
    assert logins(world) == 1
    world.timeline.advance(TOKEN_IDLE_MAX_S + 1)
    held.bearer(fresh=False)
    assert logins(world) == 2


def test_an_idle_hour_costs_no_attempt_in_a_hipaa_organisation() -> None:
    world = Simulated(conduct=Conduct(idle_expiry_s=900))
    world.batch([envelope(1)])
    world.write_all()
    world.timeline.advance(3600)
    world.batch([envelope(2)], "later")
    world.write_all()
    assert [entry.status for entry in world.platform.record.requests] == [200, 200, 200, 200]


def test_a_401_is_answered_with_one_new_token_and_the_same_request() -> None:
    world = Simulated()
    world.batch([envelope(1)])
    world.write_all()
    world.platform.oauth.revoke_all(CLIENT_ID)
    batch = world.batch([envelope(2)], "later")
    world.write_all()
    assert world.state(batch) == "DONE"
    refused, accepted = world.posts()[1:]
    assert refused.body == accepted.body
    assert logins(world) == 2


def test_a_rotated_secret_needs_no_deployment() -> None:
    world = Simulated()
    held = tokens(world)
    held.bearer(fresh=False)
    world.platform.oauth.secrets[CLIENT_ID] = {"the new one"}
    world.secrets.current = Credentials(CLIENT_ID, "the new one")
    assert isinstance(held.bearer(fresh=True), str)
    assert logins(world) == 3  # the remembered secret, refused; the new one


def test_a_wrong_secret_is_not_tried_over_and_over() -> None:
    world = Simulated()
    world.platform.oauth.secrets[CLIENT_ID] = {"another"}
    held = tokens(world)
    for _ in range(20):
        refusal = held.bearer(fresh=False)
        assert isinstance(refusal, Deferred)
        assert refusal.is_fault
    assert logins(world) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_with_either_status_a_wrong_secret_is_read_anew_once(status: int) -> None:
    """The simulator knows only 401."""
    world, sent = Simulated(), []

    def refuse(method: str, url: str, headers: Any, body: Any) -> Answer:
        sent.append(url)
        return Answer(status, {}, b'{"error":"invalid_client"}')

    world.http.send = refuse  # type: ignore[method-assign]
    held = tokens(world)
    for _ in range(3):
        held.bearer(fresh=False)

    assert len(sent) == 2


def test_the_login_hosts_own_429_is_obeyed() -> None:
    world = Simulated(conduct=replace(NONE, logins_per_minute=0))
    held = tokens(world)
    refusal = held.bearer(fresh=False)
    assert isinstance(refusal, Deferred)
    assert refusal.retry_after_s == 60
    assert not refusal.is_fault
    world.platform.conduct = NONE
    world.timeline.advance(30)
    again = held.bearer(fresh=False)
    assert isinstance(again, Deferred)
    assert again.retry_after_s == pytest.approx(30, abs=1)
    assert logins(world) == 1
    world.timeline.advance(31)
    assert isinstance(held.bearer(fresh=False), str)


def test_a_login_takes_a_slot_like_any_request() -> None:
    world = Simulated()
    world.settings = replace(world.settings, requests_per_minute=1)
    held = tokens(world)
    assert isinstance(held.bearer(fresh=False), str)
    assert isinstance(tokens(world).bearer(fresh=False), Deferred)
    assert logins(world) == 1


@pytest.mark.parametrize(
    "document",
    [{}, [], None, "t", {"access_token": "t"}, {"access_token": None}, {"access_token": 7},
     {"access_token": ""}, {"access_token": ["t"]}, {"access_token": "t\r\nx: y"},
     {"access_token": "a b"}, {"access_token": "\u00fc"}, {"access_token": "t", "expires_in": {}},
     {"access_token": "t", "expires_in": "nan"}],
    ids=repr,
)  # fmt: skip
def test_what_is_no_token_sends_nothing(document: Any) -> None:
    world = Simulated()
    lasting = {"expires_in": 86_400, **document} if isinstance(document, dict) else document
    if document == {"access_token": "t"}:
        lasting = document  # without saying how long
    sent: list[str] = []

    def login(method: str, url: str, headers: Any, body: Any) -> Answer:
        sent.append(url)
        return Answer(200, {}, json.dumps(lasting).encode())

    world.http.send = login  # type: ignore[method-assign]
    world.batch([envelope(1)])
    world.write_once()

    assert sent == ["https://login.simulated/oauth/token"]
    assert world.telemetry.counts["RequestsDeferred"] == 1
    (note,) = (fields for said, fields in world.telemetry.notes if said == "deferred")
    assert note["reason"] == Code.LOGIN_UNREADABLE()


REFUSALS: list[tuple[Answer, str, bool]] = [
    (Answer(400, {}, b'{"error": "invalid_client", "description": "no such"}'), "no such", True),
    (Answer(401, {}, b'{"error": "unauthorized_client"}'), "401 unauthorized_client", True),
    (Answer(401, {}, b""), "401", True),
    (Answer(400, {}, b"<html>Bad Request</html>"), "400, but not by Genesys itself", False),
    (Answer(400, {}, b'["no"]'), "400, but not by Genesys itself", False),
    (Answer(200, {}, b'{"error": "invalid_client"}'), "200 invalid_client", False),
]


@pytest.mark.parametrize(("answer", "said", "advises"), REFUSALS, ids=str)
def test_what_the_login_host_says_is_reported_and_what_a_proxy_says_as_a_proxys(
    answer: Answer, said: str, advises: bool
) -> None:
    world = Simulated()
    world.http.send = lambda *_: answer  # type: ignore[method-assign]
    refusal = tokens(world).bearer(fresh=False)
    assert isinstance(refusal, Deferred)
    told = sentence(refusal.reason)
    assert said in told
    assert ("Secrets Manager" in told) == advises
