"""Admission: whether a request may be sent now, and what all writers learn from its answer.

It combines the rate limiter (is a slot free?), the quotas (has the destination used its own?) and
the circuit breaker (is the destination up?).
"""

import math
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.genesys.client import Posted
from lambdas.relay.genesys.outcomes import (
    GONE,
    Accepted,
    Deferred,
    Outcome,
    Refused,
    Unclear,
    Unsure,
)
from lambdas.relay.genesys.quotas import Quotas
from lambdas.relay.genesys.rate_limiter import RateLimiter, Reading
from lambdas.relay.kernel.limits import DESTINATION_REST_MIN_S, EARLY_S, SLEEP_MAX_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Consumer, Later
from lambdas.relay.messages.sealing import Batch

#: deferred messages come back within this time
RETURN_SPREAD_S = 5.0
#: for a 429 without a time: Genesys' own window is a minute, so half of it on average
RETRY_AFTER_UNSAID_S = 30.0
#: what an attempt showed about its destination
Shown = Literal["up", "failing", "refusing", "refusing one alone", "nothing"]


def shown_by(outcome: Outcome, events: int, doubtful: bool) -> Shown:
    """What the outcome of a request with so many events says about the destination rather than the
    request. `doubtful`: an earlier attempt may have taken effect."""
    match outcome:
        case Unsure() | Deferred(is_fault=True):
            return "failing"
        case Deferred():
            return "nothing"
        case Refused(status=status):
            # A missing or conflicting resource says nothing about the mapping.
            passing = status in GONE or status == 409
            is_one = events == 1 and not doubtful and not passing
            return "refusing one alone" if is_one else "refusing"
        case Unclear(is_in_form=is_in_form):
            # It is up, and accepted the request.
            return "refusing" if is_in_form else "refusing one alone"
        case Accepted(failures=failures):
            if len(failures) < events:
                return "up"
            return "nothing" if any(f.retryable for f in failures) else "refusing one alone"


def rest_asked_for_s(outcome: Outcome) -> float | None:
    """How long the destination asked for a pause; None or 0: it did not."""
    match outcome:
        case Deferred(status=429 | 503, is_fault=False, retry_after_s=wait):
            return wait or RETRY_AFTER_UNSAID_S
        case Deferred(status=int(), is_fault=True, retry_after_s=wait) | Unsure(retry_after_s=wait):
            return wait
        case _:
            return None  # or only for this request: a 413, a 409


def is_rate_limited(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred) and outcome.status == 429


@dataclass(frozen=True, slots=True)
class Admission:
    """One instance's view of what all writers share. Raises Transient if the ledger does not
    answer."""

    rate_limiter: RateLimiter
    circuit_breaker: CircuitBreaker
    quotas: Quotas
    consumer: Consumer

    def stay_away(self, destination: Destination, latest_ms: int, until_ms: int) -> Later | None:
        """None if a request may be sent now: the destination is up and within its quota and, if it
        is at Genesys, a slot is held. It never sleeps past `latest_ms`; `until_ms` is when the
        request will have ended."""
        clock, name = self.consumer.clock, destination.name
        away = Code.GIVEN_A_REST(name)
        wait = self.circuit_breaker.turned_away_s(name, clock.now_ms())
        if wait:
            return Later(away, self._spread(wait))
        wait = self._slot(latest_ms) if destination.is_genesys else 0
        if wait:
            booked = self.rate_limiter.book(clock.now_ms(), wait)
            return Later(Code.NO_SLOT(), early(booked))
        wait = self.quotas.take(destination, clock.now_ms())
        if wait:
            return Later(Code.QUOTA_USED(name), self._spread(wait))
        wait = self.circuit_breaker.admit(name, clock.now_ms(), until_ms)
        return Later(away, self._spread(wait)) if wait else None

    def is_down(self, destination: Destination) -> bool:
        """Whether it fails for all requests, so that its answers say nothing about a single one."""
        return self.circuit_breaker.is_open(destination.name, self.consumer.clock.now_ms())

    def hand_back(self, destination: str) -> None:
        """Ends an admission. If it was a probe that was not used, the next request may probe."""
        self.circuit_breaker.hand_back(destination, self.consumer.clock.now_ms())

    def _slot(self, latest_ms: int) -> float:
        """0 with a slot held, else the seconds to wait; it sleeps through short waits itself."""
        clock = self.consumer.clock
        wait = self.rate_limiter.ready(clock.now_ms())
        while 0 < wait <= SLEEP_MAX_S and clock.now_ms() + wait * 1000 < latest_ms:
            clock.sleep(wait)
            wait = self.rate_limiter.ready(clock.now_ms())
        return wait

    def _spread(self, wait: float) -> float:
        """All wait for the same time, but one probe is enough: the others come a little later, at
        different times."""
        return math.ceil(wait) + self.consumer.entropy.fraction() * RETURN_SPREAD_S

    def tell(
        self, destination: Destination, posted: Posted, batch: Batch, *, doubtful: bool
    ) -> None:
        """Tells all writers what an attempt showed about its destination. It comes after the
        outcome is recorded, which must not be affected if the ledger fails here."""
        name = destination.name  # the batch may have a former name
        now_ms = self.consumer.clock.now_ms()
        if self._learn(name, shown_by(posted.outcome, len(batch.events), doubtful), now_ms):
            self.consumer.telemetry.count("BreakerOpened")
            self.consumer.telemetry.note("breaker opened", destination=name)
        wait = rest_asked_for_s(posted.outcome)
        if wait and is_rate_limited(posted.outcome) and destination.is_genesys:
            self._slow_down(name, posted.rate, wait, now_ms)
        elif wait:
            self._rest(name, wait, now_ms)

    def _learn(self, name: str, shown: Shown, now_ms: int) -> bool:
        """Whether this opened the breaker."""
        match shown:
            case "up":
                self.circuit_breaker.succeeded(name, now_ms)
                return False
            case "failing":
                return self.circuit_breaker.failed(name, now_ms)
            case "refusing" | "refusing one alone":
                alone = shown == "refusing one alone"
                return self.circuit_breaker.refused(name, now_ms, alone=alone)
            case "nothing":
                return False

    def _slow_down(self, name: str, rate: Reading | None, wait: float, now_ms: int) -> None:
        """All writers obey Genesys' `Retry-After`: at the client's limit all requests wait, at a
        destination's limit (such as a daily one) only its own."""
        if wait > DESTINATION_REST_MIN_S or (rate is not None and not rate.is_full):
            self._rest(name, wait, now_ms)
        else:
            self.rate_limiter.close(now_ms, wait)

    def _rest(self, name: str, wait: float, now_ms: int) -> None:
        self.circuit_breaker.rest(name, now_ms, wait)
        self.consumer.telemetry.note(
            "paused, as it asked; then one request probes it",
            destination=name,
            seconds=round(wait, 1),
        )


def early(wait: float) -> float:
    """Whole seconds, as in SQS visibility timeouts; rounded down so that the last second is slept
    and not missed."""
    return max(1.0, math.floor(wait - EARLY_S))
