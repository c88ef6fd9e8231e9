"""The rate limiter: every slot once, none wasted, and Genesys' own count before ours."""

from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.genesys.rate_limiter import (
    LATER_WINDOW_MS,
    Quota,
    RateLimiter,
    Reading,
    Report,
    Window,
    closed,
    is_pressed,
    lease,
    told,
)
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Answer
from tests.unit.batches import NOW_MS
from tests.unit.world import World

QUOTA = Quota(300, 0)
SILENT = Report(0, 0, None)


def rated(count: int, allowed: int, reset: object, status: int = 200) -> Answer:
    headers = {
        "inin-ratelimit-count": str(count),
        "ININ-RateLimit-Allowed": str(allowed),
        "inin-ratelimit-reset": str(reset),
    }
    return Answer(status, headers, b"")


def full(window: Window) -> Window:
    return replace(window, leased=300, spent=300)


def test_a_reading_is_genesys_own_count_and_the_latest_end_of_its_window() -> None:
    assert Reading.of(rated(7, 300, 42), NOW_MS) == Reading(7, 300, NOW_MS + 42_000)
    assert Reading.of(rated(1, 1, 0), NOW_MS) == Reading(1, 1, NOW_MS)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b""),
        rated(7, 300, "soon"),
        rated(7, 300, "inf"),
        rated(7, 300, -1),
        rated(7, 300, 121),
        rated(7, 300, 86_400),
        rated(0, 300, 60),
        rated(7, 0, 60),
        rated(7, 300, 60, status=401),
        rated(7, 300, 60, status=500),
        rated(7, 300, 60, status=503),
    ],
)
def test_what_says_nothing_about_our_client_is_no_reading(answer: Answer) -> None:
    assert Reading.of(answer, NOW_MS) is None


def test_of_two_readings_of_a_window_the_earlier_end_and_the_higher_count_hold() -> None:
    one, other = Reading(5, 300, NOW_MS + 900), Reading(4, 150, NOW_MS + 400)
    assert one.with_later(other) == Reading(5, 150, NOW_MS + 400)

    latest = Reading(4, 300, one.ends_at_ms + LATER_WINDOW_MS)
    assert one.with_later(latest) == one


def test_a_reading_of_the_next_window_replaces_one_of_the_last() -> None:
    later = Reading(1, 300, NOW_MS + 60_000)
    assert Reading(299, 300, NOW_MS + 200).with_later(later) == later


def test_slots_are_leased_until_the_window_is_used_up() -> None:
    window, given = Window(), 0
    for _ in range(400):
        window, leased = lease(window, NOW_MS, Report(window.number, 0, None), 16, QUOTA)
        given += leased.slots
        if leased.slots:
            window = told(window, NOW_MS, Report(window.number, leased.slots, None))
    assert given == 300
    assert leased.wait_s > 0


def test_headroom_is_never_leased() -> None:
    window, given = Window(), 0
    for _ in range(400):
        window, leased = lease(
            window, NOW_MS, Report(window.number, 16, None), 16, Quota(300, headroom=100)
        )
        given += leased.slots
    assert given == 200


def test_where_all_is_headroom_one_slot_remains() -> None:
    """Otherwise nothing would ever be written."""
    quota = Quota(10, headroom=10)
    window, first = lease(Window(), NOW_MS, SILENT, 1, quota)
    _, second = lease(window, NOW_MS, Report(window.number, 1, None), 1, quota)

    assert (first.slots, second.slots) == (1, 0)


def test_a_lease_is_at_most_an_eighth_of_the_remaining_slots() -> None:
    assert lease(Window(), NOW_MS, SILENT, 16, Quota(80, 0))[1].slots == 10


def test_a_full_window_ends_and_the_next_one_begins() -> None:
    window, _ = lease(Window(), NOW_MS, SILENT, 1, QUOTA)
    window = told(full(window), NOW_MS, Report(0, 0, Reading(300, 300, NOW_MS + 30_000)))
    window, leased = lease(window, NOW_MS + 1, SILENT, 1, QUOTA)
    assert leased.slots == 0
    assert leased.wait_s == pytest.approx(29.999)

    window, leased = lease(window, NOW_MS + 30_000, SILENT, 1, QUOTA)
    assert leased.slots == 1
    assert window.was_full


def test_what_others_use_is_left_to_them() -> None:
    window, _ = lease(Window(), NOW_MS, SILENT, 10, QUOTA)
    report = Report(window.number, 10, Reading(110, 300, NOW_MS + 60_000))
    given = 10
    while True:
        window, leased = lease(window, NOW_MS, report, 16, QUOTA)
        if not leased.slots:
            break
        given += leased.slots
        count = 100 + given
        report = Report(window.number, leased.slots, Reading(count, 300, NOW_MS + 60_000))
    assert 196 <= given <= 200  # a margin for what they go on using


def test_two_slots_are_left_to_the_others_and_the_one_before_is_ours() -> None:
    window = Window(number=1, ends_at_ms=NOW_MS + 60_000, allowed=300, leased=10, spent=10)

    room = [lease(replace(window, count=n), NOW_MS, SILENT, 1, QUOTA)[1].slots for n in (297, 298)]

    assert room == [1, 0]


def test_slots_under_way_may_have_been_counted_or_not() -> None:
    window = Window(number=1, ends_at_ms=NOW_MS + 60_000, allowed=300, leased=295, spent=285)
    window = replace(window, count=290, leased_at_ms=NOW_MS - 100)
    _, leased = lease(window, NOW_MS, SILENT, 1, QUOTA)
    assert leased.slots == 0
    assert leased.wait_s == 0.5  # reports of those under way will tell
    earlier = replace(window, leased_at_ms=NOW_MS - 5_000)
    assert lease(earlier, NOW_MS, SILENT, 1, QUOTA)[1].wait_s == 5

    _, leased = lease(window, NOW_MS, Report(1, 10, None), 1, QUOTA)
    assert leased.slots == 1


@pytest.mark.parametrize(
    ("leased", "spent", "count"),
    [(300, 290, 295), (100, 100, 300)],
    ids=["our share is handed out", "others have used the rest"],
)
def test_where_no_report_can_show_room_the_wait_is_for_the_next_window(
    leased: int, spent: int, count: int
) -> None:
    window = Window(number=1, ends_at_ms=NOW_MS + 60_000, allowed=300, leased=leased, spent=spent)
    window = replace(window, count=count, leased_at_ms=NOW_MS - 100)

    _, given = lease(window, NOW_MS, SILENT, 1, QUOTA)

    assert (given.slots, given.wait_s) == (0, 60)


def test_a_lower_limit_holds_at_once_and_a_higher_one_only_up_to_what_is_configured() -> None:
    window, _ = lease(Window(), NOW_MS, SILENT, 1, QUOTA)
    halved = told(
        replace(window, leased=150, spent=150),
        NOW_MS,
        Report(0, 0, Reading(150, 150, NOW_MS + 60_000)),
    )
    assert lease(halved, NOW_MS, SILENT, 1, QUOTA)[1].slots == 0

    doubled = told(full(window), NOW_MS, Report(0, 0, Reading(300, 600, NOW_MS + 60_000)))
    assert lease(doubled, NOW_MS, SILENT, 1, QUOTA)[1].slots == 0


def test_retry_after_closes_the_window_for_everybody_until_then() -> None:
    window = closed(Window(), NOW_MS + 90_000)
    _, leased = lease(window, NOW_MS, SILENT, 1, QUOTA)
    assert (leased.slots, leased.wait_s) == (0, 90)
    assert lease(window, NOW_MS + 90_000, SILENT, 1, QUOTA)[1].slots == 1


def test_a_window_that_genesys_began_before_we_knew_is_taken_over() -> None:
    window, _ = lease(Window(), NOW_MS, SILENT, 1, QUOTA)
    window = told(full(window), NOW_MS, Report(0, 0, Reading(300, 300, NOW_MS + 500)))
    window = told(window, NOW_MS + 400, Report(0, 0, Reading(1, 300, NOW_MS + 60_300)))
    assert (window.leased, window.count, window.ends_at_ms) == (1, 1, NOW_MS + 60_300)


def test_waiting_requests_are_backpressure_and_an_idle_client_has_none() -> None:
    window, _ = lease(Window(), NOW_MS, SILENT, 1, QUOTA)
    assert not is_pressed(window, NOW_MS)
    window, _ = lease(full(window), NOW_MS, SILENT, 1, QUOTA)
    assert is_pressed(window, NOW_MS)
    assert is_pressed(window, window.ends_at_ms + 1)
    assert not is_pressed(window, window.ends_at_ms + 61_000)
    assert is_pressed(closed(Window(), NOW_MS + 1000), NOW_MS)


def test_two_instances_never_spend_one_slot_and_together_spend_them_all() -> None:
    world = World()
    paces = [RateLimiter(world.ledger, world.entropy, QUOTA) for _ in range(4)]
    random, spent, writes = Random(3), 0, world.table.writes
    for _ in range(1000):
        rate_limiter = random.choice(paces)
        if rate_limiter.spend(NOW_MS) == 0:
            spent += 1
            rate_limiter.learn(rated(spent, 300, 60), NOW_MS)
    assert spent == 300
    assert (world.table.writes - writes) / spent < 0.34


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 5_000),
            st.sampled_from(["", "ledger answer lost", "ledger met itself", "ledger late write"]),
        ),
        max_size=300,
    )
)
def test_whatever_the_ledger_does_a_window_never_gets_more_than_it_has(
    steps: list[tuple[int, int, str]],
) -> None:
    world = World()
    quota = Quota(20, 0)
    paces = [RateLimiter(world.ledger, world.entropy, quota) for _ in range(4)]
    spent: list[int] = []
    for chosen, pause_ms, fault in steps:
        if fault:
            world.faults.plan(fault)  # type: ignore[arg-type]
        world.timeline.advance(pause_ms / 1000)
        with suppress(Transient):
            if paces[chosen].spend(world.timeline.now_ms) == 0:
                spent.append(world.timeline.now_ms)
    # Nothing is read here, so a window is taken to last its longest: 60 s meet two at most.
    assert all(sum(since <= at < since + 60_000 for at in spent) <= 40 for since in spent)
    assert Window.of(world.table.items.get(("L#pace", "L"))).leased <= 20


def test_an_instance_whose_window_was_closed_informs_the_others() -> None:
    world = World()
    one, other = (RateLimiter(world.ledger, world.entropy, QUOTA) for _ in range(2))
    one.spend(NOW_MS)
    one.close(NOW_MS, 45)
    assert one.ready(NOW_MS) == pytest.approx(45)
    assert other.ready(NOW_MS) == pytest.approx(45)


def test_a_full_window_costs_the_ledger_nothing_more() -> None:
    world = World()
    rate_limiter = RateLimiter(world.ledger, world.entropy, Quota(3, 0))
    while rate_limiter.spend(NOW_MS) == 0:
        pass
    writes = world.table.writes
    assert all(rate_limiter.ready(NOW_MS + later) > 0 for later in range(0, 1000, 10))
    assert world.table.writes == writes


def test_each_lease_is_twice_the_last_one_and_its_slots_are_reported_when_it_ends() -> None:
    world = World()
    rate_limiter = RateLimiter(world.ledger, world.entropy, QUOTA)
    leased = []
    for _ in range(7):
        rate_limiter.spend(NOW_MS)
        leased.append(world.table.items["L#pace", "L"]["leased"])
    assert leased == [2, 2, 6, 6, 6, 6, 14]

    rate_limiter.close(NOW_MS, 1)
    assert world.table.items["L#pace", "L"]["spent"] == 7


def test_after_a_lease_that_was_left_over_the_next_one_is_a_single_slot() -> None:
    rate_limiter = RateLimiter((world := World()).ledger, world.entropy, QUOTA)
    rate_limiter.spend(NOW_MS)
    rate_limiter.spend(NOW_MS + 120_000)

    assert world.table.items["L#pace", "L"]["leased"] == 1
