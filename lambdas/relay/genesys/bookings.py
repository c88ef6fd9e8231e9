"""When a message that found no slot comes back: in the window in which its turn is likely.

If all came back with the next window, each window would receive the whole backlog to serve one
window of it, and a backlog ten times as large would cost a hundred times the invocations. So an
instance fills the windows to come one after the other, each with as many messages as it serves in
one and some more, since a slot that nobody wants is lost and a message too many is turned away once
more. It knows of its own bookings only; the others do the same with what they receive.
"""

from lambdas.relay.kernel.limits import GENESYS_WINDOW_S, SLOTS_PER_LEASE_MAX

#: bookings for a slot that is expected: others may die, or book less
OVERBOOKED = 1.2
#: the furthest window that is booked. Whoever waits longer comes back then and is booked anew: by
#: then the limit may have been raised, or the backlog be gone
WINDOWS_MAX = 30
#: who comes this much before the next window (s) was booked for it, and windows drift: it is not
#: sent to the end of the line
EARLY_MAX_S = 15.0
_WINDOW_MS = GENESYS_WINDOW_S * 1000


class Bookings:
    """One instance's."""

    def __init__(self) -> None:
        self._window = 0
        self._served = 0
        self._served_before = 0
        #: messages by the window that they were told to come back in
        self._booked: dict[int, int] = {}

    def served(self, window: int) -> None:
        """A slot of this window was used."""
        if window != self._window:
            self._window, self._served_before, self._served = window, self._served, 0
        self._served += 1

    def book(self, now_ms: int, wait_s: float) -> float:
        """Seconds after which one that was turned away comes back; `wait_s` is the least."""
        if wait_s <= EARLY_MAX_S:
            return wait_s
        first = int(now_ms + wait_s * 1000) // _WINDOW_MS
        self._booked = {at: count for at, count in self._booked.items() if at >= first}
        room = OVERBOOKED * max(self._served, self._served_before, SLOTS_PER_LEASE_MAX)
        ahead = next(
            (n for n in range(WINDOWS_MAX) if self._booked.get(first + n, 0) < room), WINDOWS_MAX
        )
        self._booked[first + ahead] = self._booked.get(first + ahead, 0) + 1
        return wait_s + ahead * GENESYS_WINDOW_S
