"""The simulated platform: requests in, answers out, every effect recorded.

Pure: time and randomness are arguments, so a deterministic simulation can drive it in virtual time,
and `server.py` in real time. The same seed and the same requests at the same times give the same
answers. Not thread-safe: one caller at a time.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any, Literal

from simulator import refusals
from simulator.assumptions import PLATFORM, Assumptions
from simulator.caused import BEFORE_ANSWER_S, Caused, CausedEvents
from simulator.error_body import Refused
from simulator.execution import Execution
from simulator.faults import SERVER_ERRORS, Conduct, Fault, draw
from simulator.items import NO_POISON
from simulator.keys import Keys
from simulator.messages import Answer, Reply, Request, json_answer, no_answer
from simulator.oauth import CLIENT_ID, CLIENT_SECRET, OAuth
from simulator.organization import Organization
from simulator.ratelimit import ALLOWED, WINDOW_S, Quota, RateLimiter
from simulator.record import Record, Violation
from simulator.visit import Visit, Work, entry, understand

LOGIN_PATH = "/oauth/token"


class GenesysPlatform:
    """`clock` returns epoch seconds. Settings are attributes and may change between requests."""

    def __init__(
        self,
        clock: Callable[[], float],
        rng: Random,
        conduct: Conduct,
        *,
        allowed: int = ALLOWED,
        window_s: float = WINDOW_S,
        secrets: Mapping[str, Sequence[str]] = MappingProxyType({CLIENT_ID: (CLIENT_SECRET,)}),
        assumptions: Assumptions = PLATFORM,
        sink: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.clock = clock
        self.rng = rng
        self._begin = (rng.getstate(), conduct, allowed, window_s, secrets, assumptions, sink)
        self.reset()

    def reset(self) -> None:
        """Back to the start: the same seed, the first settings, nothing happened yet."""
        state, self.conduct, allowed, window_s, secrets, self.assumptions, sink = self._begin
        self.rng.setstate(state)
        self.oauth = OAuth(self.rng, secrets)
        self.limiter = RateLimiter(allowed, window_s)
        self.record = Record(sink)
        if sink is not None:
            sink({"kind": "begin", "at": self.clock()})
        self.org = Organization()
        self.keys = Keys()
        self.caused = CausedEvents()
        self.poison = NO_POISON
        self.outage_until = 0.0
        self.outage_manner: Literal["503", "drop"] = "503"
        self._burst_until = 0.0
        self._late: list[tuple[float, Work]] = []
        salt = self.rng.getrandbits(64)
        self._execution = Execution(self.record, self.keys, self.caused, salt, self.rng)

    def outage(self, seconds: float, manner: Literal["503", "drop"]) -> None:
        """Nothing works for `seconds` from now, including logins; 0 ends an outage."""
        self.outage_until = self.clock() + seconds
        self.outage_manner = manner

    def handle(self, request: Request) -> Answer:
        """Answer one request; effects are recorded on return, late ones at their time."""
        self.settle()
        visit = self._arrive(request)
        answer = self._answer(visit)
        self.record.add_request(entry(visit, answer))
        return answer

    def settle(self) -> None:
        """Carry out the requests whose clients gave up and whose time has come."""
        now = self.clock()
        due = sorted((late for late in self._late if late[0] <= now), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now]
        for at, work in due:
            late = replace(work, call=replace(work.call, now=at))
            self._execution.carry_out(late, self.conduct, self.poison)

    def next_due_at(self) -> float | None:
        """When the next late effect or caused event comes; None if there is none."""
        times = [at for at, _ in self._late] + [event.due_at for event in self.caused.waiting]
        return min(times, default=None)

    @property
    def late_effects(self) -> int:
        """How many requests are still to be carried out whose clients gave up."""
        return len(self._late)

    def drain_caused(self, until: float) -> list[Caused]:
        """The events that Genesys publishes up to `until`, each returned once."""
        self.settle()
        return self.caused.drain(until)

    def _arrive(self, request: Request) -> Visit:
        visit = Visit(
            number=self.record.begin(),
            at=self.clock(),
            request=request,
            key=request.header("idempotency-key"),
            correlation_id=request.header("x-correlation-id"),
            context_id=f"{self.rng.getrandbits(128):032x}",
            body_hash=hashlib.sha256(request.body).hexdigest(),
        )
        for kind, value in (("key", visit.key), ("correlation_id", visit.correlation_id)):
            if request.method != "GET" and self.record.watch(kind, value, visit.fingerprint):
                detail = f"{kind} {value} was used with another request before"
                violation = Violation(visit.at, visit.number, f"{kind}_reused", detail)
                self.record.add_violation(violation)
        return visit

    def _answer(self, visit: Visit) -> Answer:
        if visit.at < self.outage_until:
            visit.fault = "outage"
            if self.outage_manner == "drop":
                return no_answer(self.conduct.hang_s, False)
            headers = self.limiter.untouched().headers()
            return refusals.refusal(503, "Service unavailable", visit.context_id, headers)
        if visit.request.path == LOGIN_PATH:
            visit.endpoint = "login"
            return self.oauth.login(visit.request, visit.at, self.conduct, visit.context_id)
        bearer = visit.request.header("authorization")
        client_id = self.oauth.authenticate(bearer, visit.at, self.conduct)
        if client_id is None:
            untouched = self.limiter.untouched()
            return refusals.unauthorized(bearer, visit.context_id, untouched)
        visit.client_id = client_id
        burst = visit.at < self._burst_until
        quota = self.limiter.quota(client_id, visit.at, spend=not burst)
        if burst:
            visit.fault = "rate_limited"
            return self._too_many(visit, quota, self.conduct.burst_retry_after_s)
        if not quota.granted:
            return self._too_many(visit, quota, quota.reset_s)
        return self._serve(visit, quota)

    def _serve(self, visit: Visit, quota: Quota) -> Answer:
        try:
            work = understand(
                visit,
                self.org,
                self.rng,
                self.limiter.allowed,
                self.conduct,
                self.assumptions,
            )
        except Refused as refused:
            named = {**quota.headers(), "ININ-Correlation-Id": visit.context_id}
            return json_answer(refusals.refused(refused, visit.context_id), named)
        fault = draw(self.conduct, self.rng)
        visit.fault = fault or ""
        before = self._before_effect(fault, work, quota)
        if before is not None:
            return before
        reply = self._execution.carry_out(work, self.conduct, self.poison)
        headers = {**quota.headers(), "ININ-Correlation-Id": visit.context_id}
        answer = self._after_effect(fault, json_answer(reply, headers), visit)
        early = BEFORE_ANSWER_S if visit.fate == "before_answer" else 0.0
        return replace(answer, delay_s=answer.delay_s + early)

    def _before_effect(self, fault: Fault | None, work: Work, quota: Quota) -> Answer | None:
        visit, conduct = work.visit, self.conduct
        match fault:
            case "rate_limited":
                self._burst_until = visit.at + conduct.burst_s
                return self._too_many(visit, quota, conduct.burst_retry_after_s)
            case "error":
                return self._server_error(visit, quota.headers())
            case "redirect":
                return refusals.redirect(visit.request.path, visit.context_id, quota)
            case "token_revoked":
                bearer = visit.request.header("authorization")
                self.oauth.revoke(bearer)
                return refusals.unauthorized(bearer, visit.context_id, quota)
            case "lost_request":
                return no_answer(conduct.hang_s, False)
            case "late_effect":
                late_s = self.rng.uniform(conduct.late_s / 2, conduct.late_s)
                self._late.append((visit.at + late_s, work))
                return no_answer(conduct.hang_s, False)
            case "reset":
                return no_answer(0.0, True)
            case _:
                return None

    def _after_effect(self, fault: Fault | None, answer: Answer, visit: Visit) -> Answer:
        match fault:
            case "error_after_effect":
                return self._server_error(visit, answer.headers)
            case "lost_answer":
                return no_answer(self.conduct.hang_s, False)
            case "reset_after_effect":
                return no_answer(0.0, True)
            case "slow":
                return replace(answer, delay_s=self.conduct.slow_s)
            case "truncated" if answer.body:
                return replace(answer, body=answer.body[: len(answer.body) // 2], dropped=True)
            case "truncated":
                return no_answer(0.0, False)
            case "html":
                return refusals.proxy_page(answer.headers)
            case _:
                return answer

    def _server_error(self, visit: Visit, headers: Mapping[str, str]) -> Answer:
        status = self.rng.choice(SERVER_ERRORS)
        message = "An unexpected error occurred"
        answer = refusals.refusal(status, message, visit.context_id, headers)
        if self.conduct.key_keeps_errors and self.conduct.keys == "honoured":
            reply = Reply(status, json.loads(answer.body))
            self.keys.keep(visit.key, visit.fingerprint, reply, visit.at)
        return answer

    def _too_many(self, visit: Visit, quota: Quota, retry_after_s: float) -> Answer:
        forced = self.conduct.retry_after_s
        wait_s = forced if forced is not None else retry_after_s
        form = self.conduct.retry_after_form
        return refusals.too_many(quota, wait_s, form, visit.at, visit.context_id)
