"""How long to wait: pure functions of what happened and of chance."""

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

#: a `Retry-After` is kept to for this long at most, then one request asks anew: Genesys' daily
#: limits say "until midnight", and a slip in the header must not cost half a day
RETRY_AFTER_MAX_S = 1.0 * HOUR_S
#: it counts in whole seconds (RFC 9110, 10.2.3); a shorter wait is a slip, and none at all as such
RETRY_AFTER_MIN_S = 1.0


def backoff_s(failures: int, fraction: float) -> float:
    """Exponential with full jitter (aws.amazon.com/builders-library, "Timeouts, retries and
    backoff with jitter"): uniform in (0, min(cap, base * 2^failures)]; never zero."""
    ceiling = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(failures, 30))
    return ceiling * (1 - fraction)


def patience_s(waited_s: float) -> float:
    """How long to leave alone what only a person can mend: in proportion to how long it has waited,
    a minute at least and `PATIENCE_MAX_S` at most."""
    return min(PATIENCE_MAX_S, max(1.0 * MINUTE_S, waited_s * PATIENCE_SHARE))


def retry_delay_s(depth: int) -> int:
    """Before a child of items that failed for now is sent: doubles with each generation. Whole
    seconds, as SQS delays a message, and no longer than it can."""
    return int(min(SQS_DELAY_MAX_S, BACKOFF_BASE_S * 2.0 ** min(depth, 30)))


def retry_after_s(header: str | None, now_ms: int) -> float | None:
    """Reads `Retry-After` in every form in which it is met: seconds, an HTTP date (RFC 9110,
    10.2.3), a date of ISO 8601, a moment as a count since 1970 (a wait of thirty years is none).
    None where it says nothing usable. Never raises; 0 where the moment has come, else no shorter
    than `RETRY_AFTER_MIN_S` and no longer than `RETRY_AFTER_MAX_S`: what is absurd, or true of a
    daily limit, is found out by asking once in that time."""
    if header is None:
        return None
    seconds = _seconds(header, now_ms)
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S) if seconds > 0 else 0.0


def _seconds(said: str, now_ms: int) -> float | None:
    try:
        number = float(said.split(",")[0])  # a proxy joins what was said twice
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
            continue  # no such form, or a year that no calendar has
    return None
