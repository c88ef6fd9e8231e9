"""What the lanes leave to one another of a window's slots."""

from random import Random

import pytest

from lambdas.relay.genesys.rate_limiter import Quota, Report, Window, lease
from lambdas.relay.genesys.shares import SHARE, Used, left
from lambdas.relay.kernel.lanes import LANES, Lane
from tests.unit.batches import NOW_MS

SILENT = Report(0, 0, None)


def taken(
    window: Window, lane: Lane, most: int = 10_000, per_minute: int = 300
) -> tuple[Window, int]:
    """Slots that a lane gets, one by one, until it is turned away."""
    quota = Quota(per_minute, 0, lane)
    for number in range(most):
        window, leased = lease(window, NOW_MS, SILENT, 1, quota)
        if not leased.slots:
            return window, number
    return window, most


@pytest.mark.parametrize("lane", LANES)
def test_a_lane_alone_uses_nearly_all_of_it(lane: Lane) -> None:
    _, slots = taken(Window(), lane)

    assert 0.9 * 300 <= slots < 300


@pytest.mark.parametrize("flooding", LANES)
@pytest.mark.parametrize("per_minute", [2, 3, 10, 300])
def test_a_flood_leaves_something_to_each_of_the_others(flooding: Lane, per_minute: int) -> None:
    window, slots = taken(Window(), flooding, per_minute=per_minute)

    assert slots > 0
    # Of two or three slots, only the first lane has one to itself.
    for lane in LANES if per_minute >= 10 else LANES[:1]:
        if lane != flooding:
            window, slots = taken(window, lane, most=1, per_minute=per_minute)
            assert slots == 1, lane


def test_what_a_lane_used_last_time_is_kept_for_it_and_as_much_again() -> None:
    before = Window(number=1, first=40, ends_at_ms=NOW_MS)

    window, _ = taken(before, "last")
    _, slots = taken(window, "first")

    assert window.number == 2
    assert slots >= 80


def test_no_lane_keeps_more_than_its_share_from_the_others() -> None:
    before = Window(number=1, first=300, ends_at_ms=NOW_MS)

    _, slots = taken(before, "last")

    assert slots >= 300 * (1 - SHARE["first"] - SHARE["normal"])


def test_if_too_few_are_left_for_all_the_lanes_go_in_order() -> None:
    """Another user of the client has taken the rest."""
    used: dict[Lane, Used] = {"first": Used(0, 10), "normal": Used(0, 10), "last": Used(30, 10)}

    assert [left(2, used, lane) > 0 for lane in LANES] == [True, False, False]
    used = {"first": Used(30, 0), "normal": Used(0, 10), "last": Used(0, 10)}
    assert [left(2, used, lane) > 0 for lane in LANES] == [False, True, False]


def test_without_lanes_nothing_is_kept_and_nothing_is_counted() -> None:
    window, given = Window(), 0
    for _ in range(400):
        window, leased = lease(window, NOW_MS, SILENT, 1, Quota(300, 0))
        given += leased.slots

    assert given == 300
    assert (window.first, window.normal, window.last) == (0, 0, 0)


def test_a_request_turned_away_for_another_lane_waits_for_the_window_to_end() -> None:
    window, _ = taken(Window(), "last")

    window, leased = lease(window, NOW_MS, SILENT, 1, Quota(300, 0, "last"))

    assert leased.wait_s == (window.ends_at_ms - NOW_MS) / 1000
    assert window.is_full


def test_if_a_slot_is_free_some_lane_may_take_it() -> None:
    """Otherwise the lanes would keep it for one another until the window ends."""
    random = Random(1)
    for _ in range(5_000):
        used = {
            lane: Used(random.choice((0, 1, 3, 30, 200)), random.choice((0, 1, 5, 50, 300)))
            for lane in LANES
        }
        room = random.choice((1, 2, 3, 9, 40, 300))
        assert any(left(room, used, lane) > 0 for lane in LANES), (room, used)


def test_the_item_of_the_previous_release_says_nothing_about_lanes() -> None:
    item = {name: value for name, value in Window(number=7).values.items() if name not in LANES}

    assert Window.of(item) == Window(number=7)
