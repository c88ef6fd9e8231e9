"""The rate limiter: the requests per minute of the OAuth client, shared by all instances.

Genesys counts the requests of a client in windows of a minute, and says in every answer how many it
has counted (including other users of the client), how many it allows, and when the window ends. The
relay's instances share one item in the ledger with the state of the window and the number of slots
handed out; a slot is the right to one request. Slots are leased in blocks, so that one write serves
many requests, and each lease also reports what was learned.

    ┌ Genesys' window, begun by the first request after the last one ended ┐
    │ slots leased ........ used at once, not spread ..... │ nothing       │ the next
                                              waiting costs no Lambda time ─╯

A leased slot that is not used is lost with its window, never used twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lambdas.relay.genesys.bookings import Bookings
from lambdas.relay.genesys.outcomes import header
from lambdas.relay.genesys.shares import Used, left
from lambdas.relay.kernel.lanes import Lane
from lambdas.relay.kernel.limits import (
    GENESYS_WINDOW_S,
    PEEK_MIN_S,
    SLOTS_PER_LEASE_MAX,
    WINDOW_END_UNKNOWN_S,
)
from lambdas.relay.kernel.ports import Answer, Entropy, Ledger
from lambdas.relay.ledger.shared import Shared, SharedState

#: the name in the ledger since the first release
NAME = "pace"
#: slots left unused once another user of the client was seen, which continues to use it
OTHERS_MARGIN = 2
#: most of the remaining slots are left to other instances: the last ones are leased one by one
SHARE_OF_ROOM = 8
#: a reading whose window ends this much later than ours belongs to a later window
LATER_WINDOW_MS = 10_000


@dataclass(frozen=True, slots=True)
class Quota:
    """The configured part of the client's rate limit."""

    per_minute: int
    #: requests per minute that are left to other users of the same client
    headroom: int
    #: the lane of the requests; None: there are no lanes
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """`inin-ratelimit-*` of an answer: requests counted and allowed in the window, its end."""

    count: int
    allowed: int
    #: never before the window's true end: seconds are rounded up, and the answer took time
    ends_at_ms: int

    @classmethod
    def of(cls, answer: Answer, now_ms: int) -> "Reading | None":
        """None if the answer says nothing about our client: 401 and 5xx are sent by Genesys (or a
        proxy) before it knows the client."""
        if answer.status == 401 or answer.status >= 500:
            return None
        try:
            count = int(header(answer, "inin-ratelimit-count"))
            allowed = int(header(answer, "inin-ratelimit-allowed"))
            reset_ms = int(float(header(answer, "inin-ratelimit-reset")) * 1000)
        except (ValueError, OverflowError):
            return None
        if count < 1 or allowed < 1 or not 0 <= reset_ms <= 2 * GENESYS_WINDOW_S * 1000:
            return None
        return cls(count, allowed, now_ms + reset_ms)

    @property
    def is_full(self) -> bool:
        return self.count >= self.allowed

    def with_later(self, later: "Reading") -> "Reading":
        """Combines two readings: of one window, the earliest end is the most accurate."""
        if later.ends_at_ms > self.ends_at_ms + LATER_WINDOW_MS:
            return later
        ends_at_ms = min(self.ends_at_ms, later.ends_at_ms)
        return Reading(max(self.count, later.count), later.allowed, ends_at_ms)


@dataclass(frozen=True, slots=True)
class Report:
    """What an instance learned since its last lease."""

    window: int
    #: slots of that window that were used and answered
    spent: int
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Window(Shared):
    """The shared state of Genesys' current window."""

    number: int = 0
    ends_at_ms: int = 0
    allowed: int = 0
    #: slots handed out, and those whose requests Genesys is known to have counted
    leased: int = 0
    spent: int = 0
    #: Genesys' own count, the highest one read
    count: int = 0
    leased_at_ms: int = 0
    #: no request before that time, as Genesys asked
    closed_until_ms: int = 0
    #: all of its slots were wanted; the same for the previous window
    is_full: bool = False
    was_full: bool = False
    #: slots handed out by lane; the same for the previous window
    first: int = 0
    normal: int = 0
    last: int = 0
    first_before: int = 0
    normal_before: int = 0
    last_before: int = 0

    @property
    def used(self) -> Mapping[Lane, Used]:
        return {
            "first": Used(self.first, self.first_before),
            "normal": Used(self.normal, self.normal_before),
            "last": Used(self.last, self.last_before),
        }

    def with_used(self, lane: Lane, slots: int) -> "Window":
        match lane:
            case "first":
                return replace(self, first=self.first + slots)
            case "normal":
                return replace(self, normal=self.normal + slots)
            case "last":
                return replace(self, last=self.last + slots)


@dataclass(frozen=True, slots=True)
class Lease:
    """Slots of a window; or none, and the seconds until there may be some."""

    window: int
    ends_at_ms: int
    slots: int
    wait_s: float


def lease(
    window: Window, now_ms: int, report: Report, wanted: int, quota: Quota
) -> tuple[Window, Lease]:
    """Hands out up to `wanted` slots of the window."""
    window = told(_current(window, now_ms, quota), now_ms, report)
    if now_ms < window.closed_until_ms:
        return window, Lease(window.number, 0, 0, (window.closed_until_ms - now_ms) / 1000)
    room = _room(window, quota)
    if room <= 0:
        window = replace(window, is_full=True)
        return window, Lease(window.number, 0, 0, _wait_s(window, now_ms, quota))
    ours = room if quota.lane is None else left(room, window.used, quota.lane)
    if ours <= 0:
        # Others may still need the free slots until the window ends.
        window = replace(window, is_full=True)
        return window, Lease(window.number, 0, 0, (window.ends_at_ms - now_ms) / 1000)
    slots = min(wanted, max(1, ours // SHARE_OF_ROOM))
    window = replace(window, leased=window.leased + slots, leased_at_ms=now_ms)
    if quota.lane is not None:
        window = window.with_used(quota.lane, slots)
    return window, Lease(window.number, window.ends_at_ms, slots, 0)


def told(window: Window, now_ms: int, report: Report) -> Window:
    """The window after a report."""
    if report.window == window.number:
        window = replace(window, spent=window.spent + report.spent)
    reading = report.reading
    if reading is None:
        return window
    window = replace(window, allowed=reading.allowed)
    if reading.ends_at_ms <= now_ms:
        return window  # of a window that is over
    if reading.ends_at_ms > window.ends_at_ms + LATER_WINDOW_MS:
        # Genesys' window ended before this was known, and a slot of the last one began the next.
        return _next(window, reading.ends_at_ms, used=reading.count)
    return replace(
        window,
        ends_at_ms=min(window.ends_at_ms, reading.ends_at_ms),
        count=max(window.count, reading.count),
    )


def closed(window: Window, until_ms: int) -> Window:
    """No instance sends a request before that time."""
    return replace(window, closed_until_ms=max(window.closed_until_ms, until_ms), is_full=True)


def is_pressed(window: Window, now_ms: int) -> bool:
    """Whether requests wait for slots because there is more to write than Genesys accepts."""
    if now_ms < window.closed_until_ms:
        return True
    if now_ms < window.ends_at_ms:
        return window.is_full or window.was_full
    return window.is_full and now_ms < window.ends_at_ms + GENESYS_WINDOW_S * 1000


def _current(window: Window, now_ms: int, quota: Quota) -> Window:
    if now_ms < window.ends_at_ms:
        return window
    # Its true end is known from the first answer; until then, assume the latest possible one.
    unknown_ms = int((GENESYS_WINDOW_S + WINDOW_END_UNKNOWN_S) * 1000)
    following = _next(window, now_ms + unknown_ms, used=0)
    # A limit that Genesys lowered may be raised again; only an answer in the new window shows it.
    return replace(following, allowed=window.allowed or quota.per_minute)


def _next(window: Window, ends_at_ms: int, used: int) -> Window:
    return Window(
        number=window.number + 1,
        ends_at_ms=ends_at_ms,
        allowed=window.allowed,
        leased=used,
        spent=used,
        count=used,
        leased_at_ms=0,
        closed_until_ms=window.closed_until_ms,
        is_full=False,
        was_full=window.is_full,
        first_before=window.first,
        normal_before=window.normal,
        last_before=window.last,
    )


def _room(window: Window, quota: Quota) -> int:
    """Remaining slots: the lower of our share's rest and of what Genesys has not counted yet. A
    slot that was handed out but not reported may or may not have been counted: assume the worse
    until the next report."""
    under_way = window.leased - window.spent
    margin = OTHERS_MARGIN if window.count > window.leased else 0
    return min(
        _share(window, quota) - window.leased,
        window.allowed - window.count - under_way - margin,
    )


def _share(window: Window, quota: Quota) -> int:
    return max(1, min(quota.per_minute, window.allowed) - quota.headroom)


def _wait_s(window: Window, now_ms: int, quota: Quota) -> float:
    """Until the window's end; less if reports of slots in use may still show room."""
    to_end_s = (window.ends_at_ms - now_ms) / 1000
    if window.leased >= _share(window, quota) or window.spent >= window.leased:
        return to_end_s
    return min(to_end_s, max(PEEK_MIN_S, (now_ms - window.leased_at_ms) / 1000))


class RateLimiter:
    """One instance's share of the rate limit. Raises Transient if the ledger does not answer."""

    def __init__(self, ledger: Ledger, entropy: Entropy, quota: Quota) -> None:
        self._shared = SharedState(Window, ledger, entropy, NAME)
        self._quota = quota
        self._lease = Lease(0, 0, 0, 0)
        self._held = 0
        self._spent = 0
        self._reading: Reading | None = None
        self._wanted = 1
        self._not_before_ms = 0
        self._bookings = Bookings()

    def ready(self, now_ms: int) -> float:
        """0 once a slot is held, else the seconds until there may be one."""
        if now_ms < self._not_before_ms:
            return (self._not_before_ms - now_ms) / 1000
        if self._held and now_ms < self._lease.ends_at_ms:
            return 0
        return self._renew(now_ms)

    def spend(self, now_ms: int) -> float:
        """Uses a slot for one request and returns 0, or returns the seconds to wait."""
        wait = self.ready(now_ms)
        if not wait:
            self._held -= 1
            self._spent += 1
            self._bookings.served(self._lease.window)
        return wait

    def book(self, now_ms: int, wait_s: float) -> float:
        """Seconds after which a message that finds no slot comes back (bookings.py)."""
        return self._bookings.book(now_ms, wait_s)

    def learn(self, answer: Answer, now_ms: int) -> Reading | None:
        """Takes a reading of Genesys' count, to be reported with the next lease."""
        reading = Reading.of(answer, now_ms)
        if reading is not None:
            self._reading = reading if self._reading is None else self._reading.with_later(reading)
        return reading

    def close(self, now_ms: int, seconds: float) -> None:
        """Genesys asked to wait: no instance sends a request before that time."""
        until_ms = now_ms + int(seconds * 1000)
        self._not_before_ms = max(self._not_before_ms, until_ms)
        report = self._report()

        def decide(window: Window) -> tuple[Window, None]:
            window = told(_current(window, now_ms, self._quota), now_ms, report)
            return closed(window, until_ms), None

        self._shared.change(decide)
        self._reported()

    def _renew(self, now_ms: int) -> float:
        # A block that was used up was too small; one that was left over was too large.
        self._wanted = 1 if self._held else min(SLOTS_PER_LEASE_MAX, 2 * self._wanted)
        report = self._report()

        self._lease = self._shared.change(
            lambda window: lease(window, now_ms, report, self._wanted, self._quota)
        )
        self._held = self._lease.slots
        self._reported()
        self._not_before_ms = now_ms + int(self._lease.wait_s * 1000)
        return self._lease.wait_s

    def _report(self) -> Report:
        return Report(self._lease.window, self._spent, self._reading)

    def _reported(self) -> None:
        self._spent, self._reading = 0, None
