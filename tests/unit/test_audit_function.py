"""The daily audit as it is put together: against the simulated Genesys, within the rate limit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lambdas.relay.assembly.audit import audit_function
from lambdas.relay.audit import auditing
from lambdas.relay.audit.auditing import Audit
from lambdas.relay.functions.audit import Result
from lambdas.relay.genesys.rate_limiter import NAME, Window
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.ledger.shared import key_of
from simulation.memory.settings import MemorySettings
from tests.analytics import all_of, conversation, text
from tests.unit.audited import BY_MOMENT, NOW, World, configured
from tests.unit.batches import NOW_MS

RUN_S = 900


def run(world: World, seconds: float = RUN_S, **settings: Any) -> Result:
    told = replace(MemorySettings(world.configuration), **settings)
    return audit_function(world, told)(int(world.timeline.now_ms + seconds * 1000))


def world_of(count: int, came: range, **more: Any) -> World:
    """Genesys has this many calls on record, one an hour until two hours ago."""
    world = World(configured(identity=BY_MOMENT, **more))
    calls = [conversation(number, NOW - timedelta(hours=2 + number)) for number in range(count)]
    world.hold(*calls, available_until=text(NOW))
    for number in came:
        world.arrive(all_of(calls[number]))
    return world


def notes(world: World, message: str) -> list[dict[str, Any]]:
    return [dict(fields) for said, fields in world.telemetry.notes if said == message]


def test_if_everything_came_it_says_so() -> None:
    world = world_of(5, range(5))

    found = run(world)

    assert (found.conversations, found.expected, found.missing) == (5, 30, 0)
    assert "MissingConversations" in world.telemetry.counts
    assert world.telemetry.counts["MissingConversations"] == 0


def test_conversations_that_never_came_are_counted_and_nobody_is_named() -> None:
    world = world_of(7, range(4))

    found = run(world)

    assert (found.missing, found.missing_conversations) == (18, 3)
    assert world.telemetry.counts["MissingConversations"] == 3
    (gap,) = notes(world, "gap")
    assert (gap["reason"], gap["events"]) == ("everything", 18)
    (said,) = notes(world, "audited")
    assert said["missing_conversations"] == 3
    named = str([gap, said])
    assert not any(conversation(n, NOW)["conversationId"] in named for n in range(7))


def test_it_keeps_no_more_than_the_places_of_what_never_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After days without an event that would be everything there is."""
    made: list[Audit] = []

    def seen(*asked: Any) -> Audit:
        made.append(auditing.audit(*asked))
        return made[-1]

    monkeypatch.setattr("lambdas.relay.functions.audit.audit", seen)

    run(world_of(3, range(0)))

    assert len(made[0].comparison.missing) == 18
    assert not any(event.body for event in made[0].comparison.expected)


def test_it_looks_no_further_back_than_configured_and_skips_the_last_hour() -> None:
    world = world_of(60, range(0))

    found = run(world)

    assert found.until_ms == NOW_MS - 3_600_000
    assert found.since_ms == NOW_MS - 49 * 3_600_000
    assert found.missing_conversations == 48


def test_what_genesys_cannot_report_yet_is_not_judged() -> None:
    world = World(configured())
    known = NOW - timedelta(hours=12)
    world.hold(
        conversation("before", NOW - timedelta(hours=13)),
        conversation("after", NOW - timedelta(hours=11)),
        available_until=text(known),
    )

    found = run(world)

    assert (found.until_ms, found.missing_conversations) == (NOW_MS - 12 * 3_600_000, 1)


def test_it_changes_nothing_but_the_count_of_slots() -> None:
    world = world_of(5, range(3))
    before = dict(world.table.items)
    documents, batches = dict(world.documents), world.bodies("batches")

    run(world)

    changed = {key for key, item in world.table.items.items() if before.get(key) != item}
    assert changed == {key_of(NAME)}
    assert world.bodies("batches") == batches
    assert world.documents == documents


def test_it_leaves_half_of_the_rate_limit_and_waits_for_the_next_window() -> None:
    world = world_of(500, range(0))
    began_ms = world.timeline.now_ms

    run(world, requests_per_minute=10, audit_hours=500)

    asked = [each for each in world.http.sent if each.path.startswith("/api/")]
    minutes = (world.timeline.now_ms - began_ms) / 60_000
    assert len(asked) > 5
    assert minutes > 1
    assert len(asked) <= 5 * (int(minutes) + 1)


def test_with_lanes_it_goes_in_the_last_one() -> None:
    world = world_of(3, range(3), lanes=True)

    run(world)

    (item,) = world.ledger.find([key_of(NAME)])
    window = Window.of(item)
    assert (window.first, window.normal) == (0, 0)
    assert window.last > 0


def test_without_time_left_it_fails_and_counts_nothing() -> None:
    """A count over half of the conversations would be wrong."""
    world = world_of(500, range(0))

    with pytest.raises(Transient):
        run(world, seconds=30, requests_per_minute=4, audit_hours=500)

    assert "MissingConversations" not in world.telemetry.counts
    assert notes(world, "audited") == []
