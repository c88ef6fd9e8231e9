"""Times as people read them, and as programs count them."""

from datetime import UTC, datetime
from decimal import Decimal

#: the times that `iso` can show: the years 1 to 9999, in milliseconds since 1970
CALENDAR_MS = range(-62_135_596_800_000, 253_402_300_800_000)
#: the years 2000 to 2099, in seconds since 1970: only times within them are recognised
COUNTED_S = (946_684_800, 4_102_444_800)
_UNITS_PER_MS = (Decimal("0.001"), Decimal(1), Decimal(1_000), Decimal(1_000_000))


def counted_ms(count: Decimal) -> int | None:
    """A count of seconds, milliseconds, microseconds or nanoseconds since 1970, in milliseconds;
    None if it is out of range in each. No number is within COUNTED_S in two of these units."""
    for per_ms in _UNITS_PER_MS:
        if COUNTED_S[0] * 1000 <= count / per_ms < COUNTED_S[1] * 1000:
            return int(count / per_ms)
    return None


def iso(at_ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601, UTC, to the second."""
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    return stamp.replace("+00:00", "Z")
