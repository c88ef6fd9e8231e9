"""Moments as people read them."""

from datetime import UTC, datetime


def iso(at_ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601, UTC, to the second."""
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    return stamp.replace("+00:00", "Z")
