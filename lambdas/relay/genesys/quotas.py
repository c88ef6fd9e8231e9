"""Quotas: the requests per minute of one destination, so that its backlog does not delay others.

The rate limiter distributes what Genesys permits; a quota is the relay's own limit below it,
counted in the ledger by clock minutes for all writers together. Messages over it wait in their
queue without using the rate limit.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.bookings import Bookings
from lambdas.relay.kernel.limits import MINUTE_S
from lambdas.relay.kernel.ports import Entropy, Ledger
from lambdas.relay.ledger.shared import Shared, SharedState


@dataclass(frozen=True, slots=True)
class Minute(Shared):
    """Requests of a destination in a minute, counted since 1970."""

    number: int = 0
    used: int = 0

    def taken(self, number: int, most: int) -> tuple["Minute", bool]:
        """Counts one more in that minute, and whether it is allowed. A clock that is behind counts
        in the current minute: a past minute never begins again."""
        standing = self if self.number >= number else Minute(number)
        if standing.used >= most:
            return standing, False
        return Minute(standing.number, standing.used + 1), True


@dataclass(slots=True)
class Quotas:
    """One instance's view of them. Raises Transient if the ledger does not answer."""

    ledger: Ledger
    entropy: Entropy
    #: by destination: when deferred messages come back
    _bookings: dict[str, Bookings] = field(default_factory=lambda: defaultdict(Bookings))
    #: by destination: the last minute known to be used up
    _full: dict[str, int] = field(default_factory=dict)

    def take(self, destination: Destination, now_ms: int) -> float:
        """Counts one request and returns 0, or returns the seconds to wait."""
        name, most = destination.name, destination.requests_per_minute
        if most is None:
            return 0
        number = now_ms // (MINUTE_S * 1000)
        if self._full.get(name) != number:
            state = SharedState(Minute, self.ledger, self.entropy, f"quota#{name}")
            if state.change(lambda minute: minute.taken(number, most)):
                self._bookings[name].served(number)
                return 0
            self._full[name] = number
        to_next_s = ((number + 1) * MINUTE_S * 1000 - now_ms) / 1000
        return self._bookings[name].book(now_ms, to_next_s)
