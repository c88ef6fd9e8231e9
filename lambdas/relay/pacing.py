"""The pace: how fast the one OAuth client may be used, by all writers together.

Genesys counts requests per client and minute, so the writers share one counter in the ledger.
Slots are leased in blocks; what a writer leased and did not use is lost with the minute.
"""

from dataclasses import dataclass

from lambdas.relay.limits import GENESYS_REQUESTS_PER_MINUTE
from lambdas.relay.outcomes import header
from lambdas.relay.ports import Answer, Ledger

WINDOW_MS = 60_000
#: slots leased at once: one ledger write serves this many requests
BLOCK = 5
PACE = "pace"


@dataclass(frozen=True, slots=True)
class RateReading:
    """`inin-ratelimit-*` of an answer: requests counted, requests allowed, seconds to reset."""

    count: int
    allowed: int
    reset_s: float

    @classmethod
    def of(cls, answer: Answer) -> "RateReading | None":
        try:
            return cls(
                int(header(answer, "inin-ratelimit-count")),
                int(header(answer, "inin-ratelimit-allowed")),
                float(header(answer, "inin-ratelimit-reset")),
            )
        except ValueError:
            return None


class Pace:
    """One writer's share of the pace."""

    def __init__(self, ledger: Ledger, per_minute: int = GENESYS_REQUESTS_PER_MINUTE) -> None:
        self._ledger = ledger
        self._per_minute = per_minute
        self._window = -1
        self._held = 0
        self._closed_until_ms = 0

    def take(self, now_ms: int) -> float:
        """Takes a slot and returns 0, or returns the seconds until there may be one."""
        if now_ms < self._closed_until_ms:
            return (self._closed_until_ms - now_ms) / 1000
        window = now_ms // WINDOW_MS
        if window != self._window:
            self._window, self._held = window, 0
        if self._held == 0:
            self._held = self._ledger.lease_slots(PACE, window, BLOCK, self._per_minute)
        if self._held == 0:
            return ((window + 1) * WINDOW_MS - now_ms) / 1000
        self._held -= 1
        return 0

    def give_back(self) -> None:
        """Returns a slot that no request was made with."""
        self._held += 1

    def close(self, now_ms: int, seconds: float) -> None:
        """Genesys said to wait: this writer makes no request before that."""
        self._closed_until_ms = max(self._closed_until_ms, now_ms + int(seconds * 1000))

    def learn(self, reading: RateReading | None) -> None:
        """Takes Genesys' own word for the limit."""
        if reading is not None and reading.allowed > 0:
            self._per_minute = min(self._per_minute, reading.allowed)
