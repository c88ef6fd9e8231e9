"""Moments as people read them."""

from datetime import UTC, datetime

#: the moments that `iso` can show: the years 1 to 9999, in milliseconds since 1970
CALENDAR_MS = range(-62_135_596_800_000, 253_402_300_800_000)


def iso(at_ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601, UTC, to the second."""
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    return stamp.replace("+00:00", "Z")
