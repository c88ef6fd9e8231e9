"""Requests that are turned away come back when they can be served, however many there are."""

from lambdas.relay.genesys.bookings import EARLY_MAX_S, OVERBOOKED, Bookings
from lambdas.relay.kernel.limits import GENESYS_WINDOW_S
from tests.unit.batches import NOW_MS

SERVED = 50


def serving(windows: int = 1) -> Bookings:
    bookings = Bookings()
    for window in range(windows):
        for _ in range(SERVED):
            bookings.served(window)
    return bookings


def test_the_next_windows_are_filled_one_after_another() -> None:
    bookings = serving()
    waits = [bookings.book(NOW_MS, 20.0) for _ in range(200)]

    assert waits == sorted(waits)
    assert waits[0] == 20.0
    per_window = [waits.count(20.0 + n * GENESYS_WINDOW_S) for n in range(4)]
    assert per_window[:3] == [SERVED * OVERBOOKED] * 3


def test_what_comes_back_in_vain_is_booked_behind_the_others() -> None:
    bookings = serving()
    waits = [bookings.book(NOW_MS, 20.0) for _ in range(100)]
    later_ms = NOW_MS + GENESYS_WINDOW_S * 1000

    assert bookings.book(later_ms, 20.0) == max(waits) - GENESYS_WINDOW_S


def test_nobody_is_sent_away_for_longer_than_half_an_hour() -> None:
    bookings = serving()
    waits = [bookings.book(NOW_MS, 20.0) for _ in range(5_000)]

    assert max(waits) == 20.0 + 30 * 60


def test_an_instance_that_has_hardly_begun_books_no_window_for_one_alone() -> None:
    bookings = Bookings()
    assert [bookings.book(NOW_MS, 20.0) for _ in range(10)] == [20.0] * 10


def test_a_window_serves_no_more_than_the_slots_that_were_used_in_it() -> None:
    bookings = serving(windows=3)

    assert [bookings.book(NOW_MS, 20.0) for _ in range(100)].count(20.0) == SERVED * OVERBOOKED


def test_what_comes_just_before_its_window_keeps_its_place() -> None:
    bookings = serving()
    for _ in range(100):
        bookings.book(NOW_MS, 20.0)

    assert bookings.book(NOW_MS, EARLY_MAX_S) == EARLY_MAX_S
