"""The client of Genesys Cloud: one request at a time, each with a slot of the rate limit.

The official SDK is not used: it repeats POSTs silently (urllib3.Retry(total=10)) and sleeps as long
as `Retry-After` says. Here an attempt is exactly one request, or two when the first was answered
401, which certainly had no effect. Every request to Genesys takes a slot: writes, queries, logins.
"""

from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.outcomes import Deferred, Outcome, Refused, judge
from lambdas.relay.genesys.rate_limiter import RateLimiter, Reading
from lambdas.relay.genesys.tokens import Tokens
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.paths import is_straight
from lambdas.relay.kernel.ports import Answer, Clock, Http, NotSent, Secrets, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch


@dataclass(frozen=True, slots=True)
class Posted:
    """The outcome of an attempt, and what its answer says about the rate limit."""

    outcome: Outcome
    rate: Reading | None


class Genesys:
    """A client of one Genesys Cloud organisation. Keeps its token between invocations."""

    def __init__(
        self,
        *,
        http: Http,
        secrets: Secrets,
        clock: Clock,
        rate_limiter: RateLimiter,
        api_url: str,
        login_url: str,
    ) -> None:
        self._http = http
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._api_url = api_url.rstrip("/")
        self._tokens = Tokens(http, secrets, clock, rate_limiter, login_url)

    def post(self, batch: Batch, destination: Destination) -> Posted:
        """Sends a batch once under its own id. Raises Transient if the secret cannot be read."""
        if not is_straight(batch.target.path):
            return Posted(Refused(400, Code.PATH_LEADS_ELSEWHERE(), ""), None)
        answer = self._call(
            batch.target.method,
            batch.target.path,
            {"Idempotency-Key": batch.batch_id, "x-correlation-id": batch.batch_id},
            batch.body(),
        )
        if isinstance(answer, Deferred):
            return Posted(answer, None)
        now_ms = self._clock.now_ms()
        rate = Reading.of(answer, now_ms) if isinstance(answer, Answer) else None
        return Posted(judge(answer, batch, destination, now_ms), rate)

    def get(
        self, path: str, correlation_id: str, question: Json = None
    ) -> Answer | NotSent | Unanswered | Deferred:
        """As `query`, on behalf of a request."""
        return self._read(path, question, {"x-correlation-id": correlation_id})

    def query(self, path: str, question: Json = None) -> Answer | NotSent | Unanswered | Deferred:
        """Reads something by a GET, or by a POST that changes nothing. Raises Transient if the
        secret cannot be read."""
        return self._read(path, question, {})

    def _read(
        self, path: str, question: Json, headers: dict[str, str]
    ) -> Answer | NotSent | Unanswered | Deferred:
        if question is None:
            return self._call("GET", path, headers, None)
        return self._call("POST", path, headers, canonical(question).encode())

    def _call(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered | Deferred:
        for fresh in (False, True):
            token = self._tokens.bearer(fresh)
            if isinstance(token, Deferred):
                return token
            wait = self._rate_limiter.spend(self._clock.now_ms())
            if wait:
                return no_slot(wait)
            answer = self._http.send(
                method,
                self._api_url + path,
                {
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    **({"Content-Type": "application/json"} if body is not None else {}),
                    **headers,
                },
                body,
            )
            if not isinstance(answer, Answer):
                return answer
            self._rate_limiter.learn(answer, self._clock.now_ms())
            if answer.status != 401:
                return answer
        return answer


def no_slot(wait: float) -> Deferred:
    """The rate limit is used up for now, which is not a fault."""
    return Deferred(Code.NO_SLOT(), wait, None, is_fault=False)
