"""Admission: may a request be sent now, and what do all writers learn from its answer?

Both are up to the rate limiter (is a slot free?) and the circuit breaker (is the destination up?).
"""

import math
from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.genesys.client import Posted
from lambdas.relay.genesys.outcomes import GONE, Accepted, Deferred, Refused, Unclear, Unsure
from lambdas.relay.genesys.rate_limiter import RateLimiter, Reading
from lambdas.relay.kernel.limits import DESTINATION_REST_MIN_S, EARLY_S, SLEEP_MAX_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Consumer, Later
from lambdas.relay.messages.sealing import Batch

#: those who were turned away come back within this
RETURN_SPREAD_S = 5.0
#: a 429 that does not say until when: Genesys' own window is a minute, half of it is the mean
RETRY_AFTER_UNSAID_S = 30.0


@dataclass(frozen=True, slots=True)
class Admission:
    """One instance's place among the writers. Raises Transient where the ledger is silent."""

    rate_limiter: RateLimiter
    circuit_breaker: CircuitBreaker
    consumer: Consumer

    def stay_away(self, destination: Destination, latest_ms: int, until_ms: int) -> Later | None:
        """None when a request may be sent now: the destination is up and, where it is Genesys', a
        slot is held. Nothing is slept past `latest_ms`; `until_ms` is when the request will have
        ended."""
        clock, name = self.consumer.clock, destination.name
        away = Code.GIVEN_A_REST(name)
        wait = self.circuit_breaker.turned_away_s(name, clock.now_ms())
        if wait:
            return Later(away, self._spread(wait))
        wait = self._slot(latest_ms) if destination.is_genesys else 0
        if wait:
            booked = self.rate_limiter.book(clock.now_ms(), wait)
            return Later(Code.NO_SLOT(), early(booked))
        wait = self.circuit_breaker.admit(name, clock.now_ms(), until_ms)
        return Later(away, self._spread(wait)) if wait else None

    def is_down(self, destination: Destination) -> bool:
        """Whether it fails for everybody: what it answers then is not a request's own doing."""
        return self.circuit_breaker.is_open(destination.name, self.consumer.clock.now_ms())

    def hand_back(self, destination: str) -> None:
        """The turn is over. Whoever had to show whether the destination is up, and did not, leaves
        that to the next."""
        self.circuit_breaker.hand_back(destination, self.consumer.clock.now_ms())

    def _slot(self, latest_ms: int) -> float:
        """0 with a slot held, else the seconds to stay away; short waits are slept here."""
        clock = self.consumer.clock
        wait = self.rate_limiter.ready(clock.now_ms())
        while 0 < wait <= SLEEP_MAX_S and clock.now_ms() + wait * 1000 < latest_ms:
            clock.sleep(wait)
            wait = self.rate_limiter.ready(clock.now_ms())
        return wait

    def _spread(self, wait: float) -> float:
        """Everybody waits for the same moment, but one probe is enough: the others come a little
        after it, each at a time of its own."""
        return math.ceil(wait) + self.consumer.entropy.fraction() * RETURN_SPREAD_S

    def tell(
        self, destination: Destination, posted: Posted, batch: Batch, *, doubtful: bool
    ) -> None:
        """Tells all writers what an attempt at a destination showed. Comes after what it means for
        the request is on record: that must not suffer where the ledger fails here."""
        now_ms, circuit_breaker, opened = self.consumer.clock.now_ms(), self.circuit_breaker, False
        name = destination.name  # the batch may bear a former one
        match posted.outcome:
            case Unsure(retry_after_s=wait):
                opened = circuit_breaker.failed(name, now_ms)
                if wait:
                    self._rest(name, wait, now_ms)
            case Deferred(is_fault=True, status=status, retry_after_s=wait):
                opened = circuit_breaker.failed(name, now_ms)
                if wait and status is not None:
                    self._rest(name, wait, now_ms)
            case Deferred(status=429, retry_after_s=wait):
                wait = wait or RETRY_AFTER_UNSAID_S
                if destination.is_genesys:
                    self._slow_down(name, posted.rate, wait, now_ms)
                else:
                    self._rest(name, wait, now_ms)
            case Deferred(status=503, retry_after_s=wait):
                self._rest(name, wait or RETRY_AFTER_UNSAID_S, now_ms)
            case Refused(status=status):
                # What is gone, or changed under us, says nothing of the mapping.
                passing = status in GONE or status == 409
                alone = len(batch.events) == 1 and not doubtful and not passing
                opened = circuit_breaker.refused(name, now_ms, alone=alone)
            case Unclear(is_in_form=is_in_form):
                # It is up, and took the request.
                opened = circuit_breaker.refused(name, now_ms, alone=not is_in_form)
            case Accepted(failures=failures) if len(failures) < len(batch.events):
                circuit_breaker.succeeded(name, now_ms)
            case Accepted(failures=failures) if not any(f.retryable for f in failures):
                opened = circuit_breaker.refused(name, now_ms, alone=True)
            case _:
                pass
        if opened:
            self.consumer.telemetry.count("BreakerOpened")
            self.consumer.telemetry.note("breaker opened", destination=name)

    def _slow_down(self, name: str, rate: Reading | None, wait: float, now_ms: int) -> None:
        """Everybody keeps to Genesys' `Retry-After`: at the client's own limit all requests wait,
        at a limit of the destination's (a daily one, say) its own."""
        if wait > DESTINATION_REST_MIN_S or (rate is not None and not rate.is_full):
            self._rest(name, wait, now_ms)
        else:
            self.rate_limiter.close(now_ms, wait)

    def _rest(self, name: str, wait: float, now_ms: int) -> None:
        self.circuit_breaker.rest(name, now_ms, wait)
        self.consumer.telemetry.note(
            "given a rest, as it asked; then one request asks anew",
            destination=name,
            seconds=round(wait, 1),
        )


def early(wait: float) -> float:
    """Whole seconds, as SQS hides them, so that the last moments are slept and not missed."""
    return max(1.0, math.floor(wait - EARLY_S))
