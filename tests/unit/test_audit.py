"""What never came: Genesys' (simulated) record beside what intake and dedup have claimed."""

import json
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.relay.audit.auditing import UNDER_WAY_S, Audit, Deps, audit
from lambdas.relay.audit.comparison import bar
from lambdas.relay.audit.gathering import Period
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.time_format import iso
from simulator.control import control
from simulator.messages import Request
from stacks.audit import CONVERSATION_BYTES, MEMORY_MB
from stacks.schema.parsing import parse
from tests.analytics import QUEUE_ID, all_of, conversation, text
from tests.unit.audited import BY_MOMENT, DETAIL, MORNING, NOW, World, configured
from tests.unit.batches import NOW_MS


@pytest.fixture(params=["content", "moment"])
def world(request: pytest.FixtureRequest) -> World:
    return World(configured(identity=BY_MOMENT if request.param == "moment" else {}))


def calls(count: int, apart: timedelta = timedelta(minutes=5)) -> list[dict[str, Any]]:
    return [conversation(number, MORNING + number * apart) for number in range(count)]


def missing(found: Audit) -> set[tuple[str, str]]:
    return {
        (event.conversation_id, event.detail_type.removeprefix(DETAIL))
        for event in found.comparison.missing
    }


def kinds(envelopes: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (each["detail"]["eventBody"]["conversationId"], each["detail-type"].removeprefix(DETAIL))
        for each in envelopes
    }


def test_what_came_is_not_missing(world: World) -> None:
    told = calls(3)
    world.hold(*told)
    for each in told:
        world.arrive(all_of(each))

    found = world.audited()

    assert found.conversations == 3
    assert len(found.comparison.expected) == 18
    assert found.comparison.gaps == ()


def test_single_events_that_never_came_are_named(world: World) -> None:
    told = calls(3)
    world.hold(*told)
    for each in (told[0], told[2]):
        world.arrive(all_of(each))
    came = all_of(told[1])
    gone = [came.pop(3), came.pop(1)]
    world.arrive(came)

    found = world.audited()

    assert missing(found) == kinds(gone)
    assert [gap.cause for gap in found.comparison.gaps] == ["single"]


def test_a_time_in_which_nothing_came_is_one_gap(world: World) -> None:
    told = calls(9)
    world.hold(*told)
    for each in told[:3] + told[6:]:
        world.arrive(all_of(each))

    (gap,) = world.audited().comparison.gaps

    assert gap.cause == "everything"
    assert gap.conversations == sorted(each["conversationId"] for each in told[3:6])
    begin = MORNING + timedelta(minutes=15)
    assert gap.since_ms == round(begin.timestamp() * 1000)
    end = MORNING + timedelta(minutes=25, seconds=61.234)
    assert gap.until_ms == round(end.timestamp() * 1000)


def test_nothing_at_all_is_one_gap(world: World) -> None:
    world.hold(*calls(4))

    (gap,) = world.audited().comparison.gaps

    assert gap.cause == "everything"
    assert len(gap.missing) == 24


def test_a_topic_without_any_event_is_called_forgotten(world: World) -> None:
    told = calls(4)
    world.hold(*told)
    for each in told:
        world.arrive(e for e in all_of(each) if not e["detail-type"].endswith("acd.end"))

    (gap,) = world.audited().comparison.gaps

    assert (gap.cause, gap.types, len(gap.missing)) == ("topic", [f"{DETAIL}acd.end"], 4)


def test_what_no_route_takes_is_not_missing() -> None:
    route = {
        "name": "one",
        "destination": "there",
        "topics": [f"{DETAIL}acd.*", f"{DETAIL}user.*"],
        "when": f"body.queueId == '{QUEUE_ID}' && body.mediaType == 'VOICE'",
    }
    world = World(configured(routes=[route]))
    other = conversation("other queue", MORNING)
    for each in other["participants"]:
        for part in each["sessions"][0]["segments"]:
            part.pop("queueId", None)
    world.hold(other, conversation("ours", MORNING))

    found = world.audited()

    assert {event.detail_type.removeprefix(DETAIL) for event in found.comparison.missing} == {
        "acd.start",
        "acd.end",
        "user.start",
        "user.end",
    }
    assert len(found.comparison.conversations) == 1


def test_a_conversation_that_goes_on_is_not_expected_to_have_ended(world: World) -> None:
    running = conversation("running", NOW - timedelta(hours=2))
    del running["conversationEnd"]
    for each in running["participants"]:
        for part in each["sessions"][0]["segments"]:
            part.pop("disconnectType", None)
    world.hold(running)
    world.arrive(e for e in all_of(running) if e["detail-type"].endswith(".start"))

    assert world.audited().comparison.gaps == ()


def test_what_may_still_be_under_way_is_not_judged(world: World) -> None:
    world.hold(conversation("just now", NOW - timedelta(seconds=UNDER_WAY_S - 60)))

    found = world.audited()

    assert found.comparison.expected == ()
    assert found.period.until_ms == NOW_MS - UNDER_WAY_S * 1000


def test_what_genesys_does_not_have_yet_is_not_judged(world: World) -> None:
    """Jobs know what is older than dataAvailabilityDate; what is younger may be incomplete."""
    told = [conversation(n, NOW - timedelta(hours=6 * (9 - n))) for n in range(8)]
    known_until = NOW - timedelta(hours=24)
    world.hold(*told, available_until=text(known_until))

    found = world.audited(since=NOW - timedelta(days=3))

    assert found.period.until_ms == round(known_until.timestamp() * 1000)
    assert found.comparison.conversations == sorted(
        each["conversationId"]
        for each in told
        if datetime.fromisoformat(each["conversationStart"]) < known_until
    )


def test_a_period_excludes_its_end_and_is_queried_in_whole_seconds() -> None:
    period = Period(NOW_MS, NOW_MS + 1_500)

    assert [at_ms in period for at_ms in (NOW_MS - 1, NOW_MS, NOW_MS + 1_499, NOW_MS + 1_500)] == [
        False,
        True,
        True,
        False,
    ]
    assert period.interval == f"{iso(NOW_MS)}/{iso(NOW_MS + 2_000)}"


def test_every_page_is_read(world: World) -> None:
    world.hold(*calls(230, timedelta(minutes=2)))

    assert world.audited().conversations == 230
    assert world.audited(since=NOW - timedelta(days=3)).conversations == 230


def test_it_keeps_to_the_rate_limit_and_waits_for_its_turn() -> None:
    world = World(configured())
    world.hold(*calls(230, timedelta(minutes=2)))
    pace = world.rate_limiter()
    while not pace.spend(world.timeline.now_ms):
        pass
    before_ms = world.timeline.now_ms

    assert world.audited().conversations == 230
    assert world.timeline.now_ms > before_ms + 10_000
    assert [r.status for r in world.platform.record.requests if r.status == 429] == []


def test_without_time_to_wait_it_says_so() -> None:
    world = World(configured())
    pace = world.rate_limiter()
    while not pace.spend(world.timeline.now_ms):
        pass

    with pytest.raises(Transient, match="no time left"):
        world.audited(patience_s=1)


def test_a_missing_permission_is_reported_in_genesys_words() -> None:
    world = World(configured())
    forbidden = json.dumps({"forbidden": ["details-query"]}).encode()
    control(world.platform, Request("POST", "/_sim/conduct", {}, {}, forbidden))

    with pytest.raises(Transient, match="analytics:conversationDetail:view"):
        world.audited()
    assert world.platform.record.summary()["requests_by_endpoint"]["details-query"] == 1


def test_what_we_may_have_caused_ourselves_is_not_missing() -> None:
    """Such an event confirms the request and is claimed by nobody."""
    conversations = {"kind": "conversations", "item": {"phoneNumber": "'+49'"}}
    route = {"name": "all", "destination": "there", "topics": ["v2.detail.events.*"]}
    world = World(
        parse({"destinations": {"there": conversations}, "routes": [route], "identity": BY_MOMENT})
    )
    called = conversation("called by us", MORNING)
    world.hold(called, conversation("another", MORNING))
    entry = {"pk": f"M#conversation#{called['conversationId']}", "sk": "request", "state": "X"}
    world.ledger.insert([entry])

    found = world.audited()

    of_the_call = {kind for name, kind in missing(found) if name == called["conversationId"]}
    assert len(missing(found) - {(called["conversationId"], kind) for kind in of_the_call}) == 6
    assert {"customer.start"} <= {kind for _, kind in kinds(all_of(called))} - of_the_call
    assert {"acd.end", "user.end"} <= of_the_call


def test_the_bar_has_each_event_in_its_place(world: World) -> None:
    told = calls(4, timedelta(hours=3))
    world.hold(*told)
    for each in told[:2]:
        world.arrive(all_of(each))
    found = world.audited(until=MORNING + timedelta(hours=11))

    drawn = bar(found.comparison, found.period.since_ms, found.period.until_ms, 4)

    assert drawn == [(6, 0), (6, 0), (6, 6), (6, 6)]


@dataclass(frozen=True)
class Telling:
    """Genesys' record, one conversation after another, as often as it is asked."""

    told: Callable[[], Iterable[dict[str, Any]]]

    def known(self, period: Period) -> Period:
        return period

    def conversations(self, period: Period) -> Iterable[dict[str, Any]]:
        return self.told()


def judged(world: World, told: Callable[[], Iterable[dict[str, Any]]], **more: Any) -> Audit:
    analytics: Any = Telling(told)
    period = Period(round(MORNING.timestamp() * 1000), round(NOW.timestamp() * 1000))
    return audit(period, Deps(analytics, world.ledger, world.configuration, **more), NOW_MS)


def test_a_conversation_repeated_on_a_later_page_is_judged_once(world: World) -> None:
    whole = conversation("it", MORNING)
    begun = {**whole, "participants": whole["participants"][:1]}
    world.arrive(all_of(whole)[:4])

    once = judged(world, lambda: [whole])
    again = judged(world, lambda: [begun, conversation("another", MORNING), whole, begun])

    of_it = {each for each in missing(again) if each[0] == whole["conversationId"]}
    assert of_it == missing(once)
    assert (again.conversations, len(again.comparison.expected)) == (2, 12)


def test_a_large_period_is_judged_in_little_memory() -> None:
    """What the function keeps of a conversation, where none of its events came."""

    world = World(configured())

    def peak(count: int) -> int:
        told = (conversation(n, MORNING + timedelta(seconds=n)) for n in range(count))
        tracemalloc.start()
        found = judged(world, lambda: told, keeps_bodies=False)
        try:
            assert len(found.comparison.missing) == 6 * count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(30), peak(90)

    assert (many - few) / 60 < CONVERSATION_BYTES
    assert CONVERSATION_BYTES * 300_000 < MEMORY_MB * 2**20
