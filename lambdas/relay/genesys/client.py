"""Talking to Genesys Cloud: one request at a time, each in a slot of the rate limit.

The official SDK is not used: it repeats POSTs silently (urllib3.Retry(total=10)) and sleeps as
long as `Retry-After` says. Here an attempt is exactly one request, or two when the first was
answered 401, which certainly had no effect. Whatever goes to Genesys takes a slot: writes,
read-backs, logins.
"""

from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination, read_document
from lambdas.relay.destinations.results import is_error
from lambdas.relay.genesys.outcomes import (
    GONE,
    Deferred,
    Outcome,
    Refused,
    is_genesys_own,
    judge,
    words,
)
from lambdas.relay.genesys.rate_limiter import RateLimiter, Reading
from lambdas.relay.genesys.tokens import Tokens
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.paths import is_straight
from lambdas.relay.kernel.ports import Answer, Clock, Http, NotSent, Secrets, Unanswered
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.sealing import Batch


@dataclass(frozen=True, slots=True)
class Posted:
    """What an attempt came to, and what its answer says about the rate limit."""

    outcome: Outcome
    rate: Reading | None


@dataclass(frozen=True, slots=True)
class Found:
    """Something is there."""

    document: Json


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is there."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Genesys did not say; `wait_s` where it told when to ask again."""

    reason: Reason
    wait_s: float | None = None
    #: no answer came, or none of Genesys' own
    is_outage: bool = True


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
        self._pace = rate_limiter
        self._api_url = api_url.rstrip("/")
        self._tokens = Tokens(http, secrets, clock, rate_limiter, login_url)

    def post(self, batch: Batch, destination: Destination) -> Posted:
        """Sends a batch once under its own id. Raises Transient where the secret is unreadable."""
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

    def taken(self, batch: Batch, destination: Destination) -> frozenset[int] | None:
        """Reads back which items took effect; None where Genesys did not say of all of
        them, or one has no id to ask by."""
        read_back = destination.read_back
        if read_back is None:
            raise ValueError(f"destination {destination.name} cannot be read back")
        taken: set[int] = set()
        for index, event in enumerate(batch.events):
            path = read_back.path_of(event)
            if path is None:
                return None
            match look(self, path, batch.batch_id):
                case NoAnswer():
                    return None
                case Found(document):
                    present = read_back.present(document, event)
                    if present is None:
                        return None
                    if present:
                        taken.add(index)
        return frozenset(taken)

    def get(self, path: str, correlation_id: str) -> Answer | NotSent | Unanswered | Deferred:
        """Asks for something. Raises Transient where the secret is unreadable."""
        return self._call("GET", path, {"x-correlation-id": correlation_id}, None)

    def _call(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered | Deferred:
        for fresh in (False, True):
            token = self._tokens.bearer(fresh)
            if isinstance(token, Deferred):
                return token
            wait = self._pace.spend(self._clock.now_ms())
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
            self._pace.learn(answer, self._clock.now_ms())
            if answer.status != 401:
                return answer
        return answer


def look(genesys: Genesys, path: str, correlation_id: str) -> Found | Missing | NoAnswer:
    """Asks what is there: the one way in which Genesys is asked what became of a request. As with
    a write, neither somebody else's 404 nor an error document under 200 says anything of it. Raises
    Transient where the secret is unreadable."""
    answer = genesys.get(path, correlation_id)
    if not isinstance(answer, Answer):
        return NoAnswer(
            answer.reason, answer.retry_after_s if isinstance(answer, Deferred) else None
        )
    if answer.status in GONE and is_genesys_own(answer):
        return Missing()
    if answer.status != 200:
        is_outage = answer.status >= 500 or answer.status in GONE
        return NoAnswer(Code.STATUS(answer.status), is_outage=is_outage)
    try:
        document = read_document(answer.body)
    except ValueError:
        return NoAnswer(Code.STATUS_NOT_JSON(answer.status))
    if document is None or is_error(document):
        return NoAnswer(Code.STATUS_ERROR(answer.status, words(answer)))
    return Found(document)


def no_slot(wait: float) -> Deferred:
    """The rate limit is used up for now: nobody's fault."""
    return Deferred(Code.NO_SLOT(), wait, None, is_fault=False)
