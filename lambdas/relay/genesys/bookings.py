"""When a message that found no slot comes back: in the window in which it is likely to get one.

If all came back in the next window, each window would receive the whole backlog to serve a small
part of it, and a backlog ten times as large would cost a hundred times the invocations. So an
instance books the coming windows one after the other, each with the messages that it serves in one
and some more: an unused slot is lost, while a surplus message is only deferred again. It knows only
its own bookings; the other instances do the same with what they receive.
"""

from lambdas.relay.kernel.limits import GENESYS_WINDOW_S, SLOTS_PER_LEASE_MAX

#: bookings per expected slot: other instances may die, or book less
OVERBOOKED = 1.2
#: the last window that is booked. Messages that must wait longer come back then and are booked
#: again: by then the limit may be raised or the backlog gone
WINDOWS_MAX = 30
#: a message that comes at most this long before the next window (s) was booked for it, since
#: windows drift: it does not lose its place
EARLY_MAX_S = 15.0
_WINDOW_MS = GENESYS_WINDOW_S * 1000


class Bookings:
    """The bookings of one instance."""

    def __init__(self) -> None:
        self._window = 0
        self._served = 0
        self._served_before = 0
        #: number of messages by the window that they were booked for
        self._booked: dict[int, int] = {}

    def served(self, window: int) -> None:
        """A slot of this window was used."""
        if window != self._window:
            self._window, self._served_before, self._served = window, self._served, 0
        self._served += 1

    def book(self, now_ms: int, wait_s: float) -> float:
        """Seconds after which a deferred message comes back, at least `wait_s`."""
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
