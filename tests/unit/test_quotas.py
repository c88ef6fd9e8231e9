"""A destination's quota: so many requests a minute, whoever sends them and whatever waits."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.genesys.quotas import Minute, Quotas
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.resolved import load
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY, Simulated, envelope
from tests.unit.world import World

MINUTE_MS = 60_000
FLOOD = 40


def configured(**more: Any) -> Configuration:
    """`there`, and another that waits for nobody."""
    there, other = {**JOURNEY, **more}, {**JOURNEY, "max_items": 1}
    routes = [{"name": name, "destination": name} for name in ("there", "other")]
    written = {"destinations": {"there": there, "other": other}, "routes": routes}
    return load(resolve(parse(written)))


def minutes(world: Simulated, sent: list[int]) -> Counter[int]:
    return Counter((at_ms - NOW_MS) // MINUTE_MS for at_ms in sent)


def test_a_flood_keeps_to_its_quota_and_all_of_it_is_written() -> None:
    world = Simulated(configured(requests_per_minute=6, max_items=1))
    sent: list[int] = []
    for number in range(FLOOD):
        world.batch([envelope(number)], nonce=str(number))
    until_ms = world.timeline.now_ms + 20 * MINUTE_MS
    queue = world.stored_queue("writes")
    while queue.messages and world.timeline.now_ms < until_ms:
        before = len(world.taken())
        if not world.write_once():
            world.timeline.advance(1)
        sent += [world.timeline.now_ms] * (len(world.taken()) - before)

    assert not queue.messages
    assert len(sent) == FLOOD
    counted = minutes(world, sent)
    # The minutes are the clock's, and an answer may come in the next one.
    assert max(counted.values()) <= 6 + 1
    assert len(counted) >= FLOOD // 6


def test_a_request_that_is_turned_away_takes_nothing_of_the_rate_limit() -> None:
    world = Simulated(configured(requests_per_minute=2, max_items=1))
    for number in range(FLOOD):
        world.batch([envelope(number)], nonce=str(number))

    for _ in range(FLOOD):
        world.write_once()

    posts = [each for each in world.http.sent if each.path.startswith("/api/")]
    assert len(posts) == 2


def test_instances_share_a_quota_and_destinations_do_not() -> None:
    world = World()
    configuration = configured(requests_per_minute=5)
    there, other = (configuration.destinations[name] for name in ("there", "other"))
    instances = [Quotas(world.ledger, world.entropy) for _ in range(3)]

    waits = [each.take(there, NOW_MS) for each in instances for _ in range(4)]

    assert waits.count(0) == 5
    assert all(0 < wait <= 60 * 31 for wait in waits if wait)
    assert instances[0].take(other, NOW_MS) == 0
    assert all(each.take(there, NOW_MS + MINUTE_MS) == 0 for each in instances)


def test_a_ledger_that_does_not_answer_lets_nothing_through() -> None:
    world = World()
    there = configured(requests_per_minute=5).destinations["there"]
    world.faults.plan("ledger unreadable")

    with pytest.raises(Transient):
        Quotas(world.ledger, world.entropy).take(there, NOW_MS)


def test_without_a_quota_the_ledger_is_not_asked() -> None:
    world = World()
    there = configured().destinations["there"]

    assert Quotas(world.ledger, world.entropy).take(there, NOW_MS) == 0
    assert world.table.writes == 0


@given(st.lists(st.integers(0, 3)), st.integers(1, 4))
def test_whatever_the_clocks_no_minute_has_more_than_its_quota(
    numbers: list[int], most: int
) -> None:
    minute, taken = Minute(), Counter[int]()
    for number in numbers:
        minute, may = minute.taken(number, most)
        taken[minute.number] += may

    assert all(count <= most for count in taken.values())


@pytest.mark.parametrize("said", [0, -1, 1.5, "60", True])
def test_an_invalid_quota_gives_one_sentence(said: object) -> None:
    with pytest.raises(ValueError, match=r"destinations\.there\.requests_per_minute is .*; expect"):
        configured(requests_per_minute=said)


def test_the_quota_is_the_destinations_own_and_survives_a_new_name() -> None:
    was = configured(requests_per_minute=7).destinations["there"]
    now = configured(requests_per_minute=7, formerly=["before"])

    assert now.destinations["before"] == replace(was, formerly=("before",))


def test_what_finds_no_room_waits_for_the_next_minute_of_the_clock() -> None:
    world = World()
    there = configured(requests_per_minute=1).destinations["there"]
    quotas = Quotas(world.ledger, world.entropy)
    at_ms = NOW_MS // MINUTE_MS * MINUTE_MS + 40_000

    assert [quotas.take(there, at_ms) for _ in range(2)] == [0, 20.0]
