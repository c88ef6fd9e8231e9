"""How long to wait: pure functions of what happened and of chance."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lambdas.relay.kernel.limits import (
    BACKOFF_BASE_S,
    BACKOFF_MAX_S,
    SQS_DELAY_MAX_S,
    SQS_VISIBILITY_MAX_S,
)


def backoff_s(failures: int, fraction: float) -> float:
    """Exponential with full jitter (aws.amazon.com/builders-library, "Timeouts, retries and
    backoff with jitter"): uniform in (0, min(cap, base * 2^failures)]; never zero."""
    ceiling = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(failures, 30))
    return ceiling * (1 - fraction)


def retry_delay_s(depth: int) -> int:
    """Before a child of items that failed for now is sent: doubles with each generation. Whole
    seconds, as SQS delays a message, and no longer than it can."""
    return int(min(SQS_DELAY_MAX_S, BACKOFF_BASE_S * 2.0 ** min(depth, 30)))


def retry_after_s(header: str | None, now_ms: int) -> float | None:
    """Reads `Retry-After` (RFC 9110, 10.2.3): seconds or an HTTP date; None where it says
    nothing usable. Never negative, never longer than a message can be hidden."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds()
    if seconds != seconds:  # NaN
        return None
    return min(max(seconds, 0.0), float(SQS_VISIBILITY_MAX_S))
