"""Waiting: pure functions, listed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.kernel.backoff import (
    RETRY_AFTER_MAX_S,
    backoff_s,
    patience_s,
    retry_after_s,
    retry_delay_s,
)
from lambdas.relay.kernel.limits import BACKOFF_MAX_S, DAY_S, HOUR_S, MINUTE_S, SQS_DELAY_MAX_S
from tests.unit.batches import NOW_MS


def test_it_doubles_up_to_its_cap() -> None:
    waits = [backoff_s(failures, 0.0) for failures in range(12)]
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == BACKOFF_MAX_S


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_full_jitter_stays_between_nought_and_the_ceiling(failures: int, fraction: float) -> None:
    assert 0 < backoff_s(failures, fraction) <= backoff_s(failures, 0.0) <= BACKOFF_MAX_S


def test_what_waits_for_a_person_is_looked_at_in_proportion_to_its_wait() -> None:
    waits = [patience_s(waited_s) for waited_s in (-5, 0, 8 * MINUTE_S, 4 * HOUR_S, 3 * DAY_S)]
    assert waits == [MINUTE_S, MINUTE_S, MINUTE_S, HOUR_S / 2, HOUR_S]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("42", 42),
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        ("0.5", 1),
        ("1e-9", 1),
        ("86400", RETRY_AFTER_MAX_S),
        ("inf", RETRY_AFTER_MAX_S),
        ("1e400", RETRY_AFTER_MAX_S),
        ("30, 30", 30),
        (str(NOW_MS // 1000 + 60), 60),
        (f"{NOW_MS / 1000 + 1.5}", 1.5),
        (str(NOW_MS + 90_000), 90),
        (str((NOW_MS + 90_000) * 1000), 90),
        (str((NOW_MS + 90_000) * 1_000_000), 90),
        (str(NOW_MS // 1000 - 60), 0),
        ("99999999999999999999", RETRY_AFTER_MAX_S),
        ("2026-01-09T10:01:00Z", 60),
        ("2026-01-09T12:01:00+02:00", 60),
        ("Fri, 09 Jan 2026 10:01:00 -0000", 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_S),
        ("Fri, 09 Jan 99999 10:01:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0),
        ("Fri, 32 Jan 2026 10:01:00 GMT", None),
        ("Fri, 09 Jan 2026 10:01:00 GMT", 60),
        ("Fri, 09 Jan 2026 09:00:00 GMT", 0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_every_form_found_in_practice(
    said: str | None, seconds: float | None
) -> None:
    assert retry_after_s(said, NOW_MS) == seconds


@given(st.text())
def test_no_header_makes_it_raise(said: str) -> None:
    seconds = retry_after_s(said, NOW_MS)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_MAX_S


def test_children_of_failed_items_wait_longer_with_each_generation() -> None:
    delays = [retry_delay_s(depth) for depth in range(15)]
    assert delays[:3] == [2, 4, 8]
    assert delays[-1] == SQS_DELAY_MAX_S
