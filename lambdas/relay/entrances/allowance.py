"""Allowances: how many requests a sender of the webhook may make, so that none uses up the capacity
for the others.

An instance of the function keeps its own count, so a function that anyone on the internet can call
makes no call for it and needs no permission to write. The limit is therefore per instance, and one
instance serves one request at a time.
"""

from dataclasses import dataclass, field

from lambdas.relay.kernel.limits import MINUTE_S


@dataclass(slots=True)
class Allowance:
    """A token bucket for each name: `per_minute` at once, and as many again evenly over a minute.

    It remembers every name that it is asked about, so it is asked only about authenticated ones.
    """

    per_minute: int
    #: by name: the tokens left, and at what time (ms)
    _left: dict[str, tuple[float, int]] = field(default_factory=dict)

    def take(self, name: str, now_ms: int) -> bool:
        """False if nothing is left for now."""
        left, at_ms = self._left.get(name, (float(self.per_minute), now_ms))
        refilled = (now_ms - at_ms) * self.per_minute / (MINUTE_S * 1000)
        left = min(float(self.per_minute), left + max(0.0, refilled))
        may = left >= 1
        self._left[name] = (left - 1 if may else left, max(now_ms, at_ms))
        return may
