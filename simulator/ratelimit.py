"""Genesys' request quota: a number of requests per window and OAuth client.

The window is fixed and begins at the client's first request; `inin-ratelimit-reset` counts down
to its end. Genesys documents the headers but not the window, so this is our interpretation. A
refused request does not count. Another user of the same quota may use part of it: evenly over time,
first come first served, or all at once when the window begins (the rest is then exactly known).
"""

import math
from dataclasses import dataclass
from typing import Literal

ALLOWED = 300  # client.credentials.token.rate.per.minute
WINDOW_S = 60.0


@dataclass(slots=True)
class Window:
    begun_at: float
    own: int
    other: float
    seen_at: float


@dataclass(frozen=True, slots=True)
class Quota:
    """The client's quota after a request; `reset_s` is whole seconds, rounded up, at least 1."""

    granted: bool
    count: int
    allowed: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        return {
            "inin-ratelimit-count": str(self.count),
            "inin-ratelimit-allowed": str(self.allowed),
            "inin-ratelimit-reset": str(self.reset_s),
        }


class RateLimiter:
    """One window per client. The plain attributes may change at any time."""

    def __init__(self, allowed: int, window_s: float) -> None:
        self.allowed = allowed
        self.window_s = window_s
        self.other_per_minute = 0.0
        self.other_manner: Literal["even", "first"] = "even"
        self.blocked_until = 0.0
        self._windows: dict[str, Window] = {}

    def block(self, until: float) -> None:
        """Refuse everything until then, as Genesys' daily limits do (Retry-After of hours)."""
        self.blocked_until = until

    def quota(self, client: str, now: float, *, spend: bool) -> Quota:
        """The client's quota, after taking one request from it if `spend` and one is left."""
        window = self._window(client, now)
        if now < self.blocked_until:
            reset_s = math.ceil(self.blocked_until - now)
            return Quota(False, self.allowed, self.allowed, max(1, reset_s))
        granted = window.own + math.floor(window.other) < self.allowed
        window.own += granted and spend
        return self._quota(window, granted, now)

    def untouched(self) -> Quota:
        """An answer's headers if nothing was spent and no client is known."""
        return Quota(True, 0, self.allowed, math.ceil(self.window_s))

    def _window(self, client: str, now: float) -> Window:
        window = self._windows.get(client)
        if window is None or now >= window.begun_at + self.window_s:
            window = self._windows[client] = Window(now, 0, 0.0, now)
            if self.other_manner == "first":
                window.other = min(self.allowed, self.other_per_minute / 60.0 * self.window_s)
        if self.other_manner == "even":
            left = max(0.0, self.allowed - window.own - window.other)
            window.other += min(left, self.other_per_minute / 60.0 * (now - window.seen_at))
        window.seen_at = now
        return window

    def _quota(self, window: Window, granted: bool, now: float) -> Quota:
        count = window.own + math.floor(window.other)
        reset_s = math.ceil(window.begun_at + self.window_s - now)
        return Quota(granted, count, self.allowed, max(1, reset_s))
