"""Waiting times, as pure functions; a random number is an argument."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime

from lambdas.relay.kernel.limits import (
    BACKOFF_BASE_S,
    BACKOFF_MAX_S,
    HOUR_S,
    MINUTE_S,
    PATIENCE_MAX_S,
    PATIENCE_SHARE,
    SQS_DELAY_MAX_S,
)
from lambdas.relay.kernel.time_format import counted_ms

#: a `Retry-After` is obeyed for at most this long, then one request probes: Genesys' daily limits
#: last "until midnight", and an error in the header must not cost half a day
RETRY_AFTER_MAX_S = 1.0 * HOUR_S
#: `Retry-After` is in whole seconds (RFC 9110, 10.2.3), so a shorter wait is an error
RETRY_AFTER_MIN_S = 1.0


def backoff_s(failures: int, fraction: float) -> float:
    """Exponential with full jitter (aws.amazon.com/builders-library, "Timeouts, retries and
    backoff with jitter"): uniform in (0, min(cap, base * 2^failures)]; never zero."""
    ceiling = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(failures, 30))
    return ceiling * (1 - fraction)


def patience_s(waited_s: float) -> float:
    """The wait for work that only a person can unblock: in proportion to how long it has waited, at
    least a minute and at most `PATIENCE_MAX_S`."""
    return min(PATIENCE_MAX_S, max(1.0 * MINUTE_S, waited_s * PATIENCE_SHARE))


def retry_delay_s(depth: int) -> int:
    """The delay before a part with retryable items is sent: it doubles with each split. Whole
    seconds, up to SQS's longest delay."""
    return int(min(SQS_DELAY_MAX_S, BACKOFF_BASE_S * 2.0 ** min(depth, 30)))


def retry_after_s(header: str | None, now_ms: int) -> float | None:
    """Reads `Retry-After` in all forms that occur: seconds, an HTTP date (RFC 9110, 10.2.3), an ISO
    8601 date, or a time as a count since 1970 (a wait of thirty years is not plausible). None if it
    is unusable; never raises. 0 if the time has passed, else between `RETRY_AFTER_MIN_S` and
    `RETRY_AFTER_MAX_S`: then one request shows whether a longer wait, such as a daily limit's, is
    real."""
    if header is None:
        return None
    seconds = _seconds(header, now_ms)
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S) if seconds > 0 else 0.0


def _seconds(said: str, now_ms: int) -> float | None:
    try:
        number = float(said.split(",")[0])  # a proxy joins two headers into one
    except ValueError:
        return _until(said, now_ms)
    moment_ms = counted_ms(Decimal(number)) if math.isfinite(number) else None
    return number if moment_ms is None else (moment_ms - now_ms) / 1000


def _until(said: str, now_ms: int) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(said.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return moment.timestamp() - now_ms / 1000
        except (ValueError, TypeError, IndexError, OverflowError):
            continue  # not in this form, or an impossible year
    return None
