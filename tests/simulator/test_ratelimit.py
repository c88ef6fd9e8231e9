"""The simulated Genesys' request quota, its headers and its 429."""

import json
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from simulator.faults import NONE
from tests.simulator.world import BEGIN, World

LIMITS = "/api/v2/organizations/limits/namespaces/platform.api"


def quota(headers: dict[str, str]) -> tuple[int, int, int]:
    return tuple(  # type: ignore[return-value]
        int(headers[f"inin-ratelimit-{name}"]) for name in ("count", "allowed", "reset")
    )


def test_every_answer_says_how_much_of_the_quota_is_used() -> None:
    world = World(NONE, allowed=180)
    assert quota(dict(world.get(LIMITS).headers)) == (1, 180, 60)
    world.clock.now += 12.5
    assert quota(dict(world.get("/api/v2/nowhere").headers)) == (2, 180, 48)
    assert quota(dict(world.call("GET", LIMITS, Authorization="").headers)) == (0, 180, 60)


def test_the_window_begins_at_the_first_request_and_is_exact() -> None:
    world = World(NONE, allowed=3)
    world.clock.now += 1000
    statuses = []
    for second in (0, 1, 59, 59.9, 59.99, 60, 60, 61, 61):
        world.clock.now = BEGIN + 1000 + second
        statuses.append(world.get(LIMITS).status)
    assert statuses == [200, 200, 200, 429, 429, 200, 200, 200, 429]


def test_a_429_is_word_for_word_the_normalised_one() -> None:
    world = World(NONE, allowed=1)
    world.get(LIMITS)
    world.clock.now += 18
    answer = world.events("a")
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "42"
    assert json.loads(answer.body) == {
        "message": "Rate limit exceeded the maximum. Retry the request in [42] seconds",
        "code": "too.many.requests.retry.after",
        "status": 429,
        "contextId": answer.headers["ININ-Correlation-Id"],
        "details": [],
        "errors": [],
    }
    assert world.taken() == []
    assert world.control("GET", "summary")["rate_limited"] == 1


def test_after_retry_after_the_request_is_served() -> None:
    world = World(NONE, allowed=1)
    world.get(LIMITS)
    world.clock.now += 0.7
    world.clock.now += int(world.get(LIMITS).headers["Retry-After"])
    assert world.get(LIMITS).status == 200


def test_the_limit_can_be_halved_in_the_middle_of_a_window() -> None:
    world = World(NONE, allowed=10)
    assert [world.get(LIMITS).status for _ in range(5)] == [200] * 5
    world.control("POST", "limit", {"allowed": 5})
    assert world.get(LIMITS).status == 429
    assert quota(dict(world.get(LIMITS).headers)) == (5, 5, 60)


@pytest.mark.parametrize(("manner", "served"), [("first", 200), ("even", 258)])
def test_another_client_uses_a_third_of_the_quota(manner: str, served: int) -> None:
    """Ten requests a second: with even use, the fast client gets more than its two thirds."""
    world = World(NONE, allowed=300)
    world.control("POST", "limit", {"other_per_minute": 100, "other_manner": manner})
    statuses = []
    for _ in range(600):
        statuses.append(world.get(LIMITS).status)
        world.clock.now += 0.1
    assert statuses.count(200) == served


def test_a_daily_limit_answers_with_hours() -> None:
    world = World(NONE)
    world.control("POST", "limit", {"blocked_s": 7200})
    assert world.events("a").headers["Retry-After"] == "7200"
    world.clock.now += 7200
    assert world.events("a").status == 200


def test_a_burst_of_429_below_the_quota_lasts_a_while() -> None:
    world = World(replace(NONE, rate_limited=1.0, burst_s=3.0))
    assert world.events("a").status == 429
    world.platform.conduct = NONE
    world.clock.now += 2.9
    assert world.events("a").status == 429
    world.clock.now += 0.2
    assert world.events("a").status == 200


def test_retry_after_comes_in_every_form_that_servers_send() -> None:
    world = World(replace(NONE, retry_after_s=86_400.0), allowed=0)
    assert world.events("a").headers["Retry-After"] == "86400"
    world.control("POST", "conduct", {"retry_after_form": "date"})
    until = parsedate_to_datetime(world.events("a").headers["Retry-After"])
    assert until.timestamp() == BEGIN + 86_400
    world.control("POST", "conduct", {"retry_after_form": "garbage"})
    assert world.events("a").headers["Retry-After"] == "soon"
    world.control("POST", "conduct", {"retry_after_form": "absent"})
    assert "Retry-After" not in world.events("a").headers


def test_the_limits_can_be_read() -> None:
    entities = json.loads(World(NONE, allowed=123).get(LIMITS).body)["entities"]
    assert {"key": "client.credentials.token.rate.per.minute", "value": 123}.items() <= (
        entities[0].items()
    )
