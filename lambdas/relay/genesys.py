"""Talking to Genesys Cloud: one token for the stack, one POST per attempt.

The official SDK is not used: it repeats POSTs silently (urllib3.Retry(total=10)) and sleeps as
long as `Retry-After` says. Here an attempt is exactly one request, or two when the first was
answered 401, which certainly had no effect.
"""

import base64
from dataclasses import dataclass
from urllib.parse import quote

from lambdas.relay.backoff import retry_after_s
from lambdas.relay.destinations.destination import Destination, read_document
from lambdas.relay.outcomes import Deferred, Outcome, header, judge, words
from lambdas.relay.pacing import RateReading
from lambdas.relay.ports import Answer, Clock, Http, NotSent, Secrets, Unanswered
from lambdas.relay.sealing import Batch

#: a token is renewed when this share of its life is over, so that none expires under way
TOKEN_LIFE_USED = 0.8
#: when Genesys will not give a token, a person has to act; ask again after this
CREDENTIALS_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Posted:
    """What an attempt came to, and what its answer says about the rate limit."""

    outcome: Outcome
    rate: RateReading | None


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at_ms: int


class Genesys:
    """A client of one Genesys Cloud organisation. Keeps its token between invocations."""

    def __init__(
        self, *, http: Http, secrets: Secrets, clock: Clock, api_url: str, login_url: str
    ) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._api_url = api_url.rstrip("/")
        self._login_url = login_url.rstrip("/")
        self._token: _Token | None = None

    def post(self, batch: Batch, destination: Destination) -> Posted:
        """Sends a batch once under its own id. Raises Transient where the secret is unreadable."""
        answer = self._call(
            batch.target.method,
            batch.target.path,
            {"Idempotency-Key": batch.batch_id, "x-correlation-id": batch.batch_id},
            batch.body(),
        )
        if isinstance(answer, Deferred):
            return Posted(answer, None)
        rate = RateReading.of(answer) if isinstance(answer, Answer) else None
        return Posted(judge(answer, batch, destination, self._clock.now_ms()), rate)

    def taken(self, batch: Batch, destination: Destination) -> frozenset[int] | None:
        """Reads back which of a batch's items took effect, by their places; None where Genesys
        did not say. One item says nothing of the next: a request can fail in part."""
        read_back = destination.read_back
        if read_back is None:
            raise ValueError(f"destination {destination.name} cannot be read back")
        taken: set[int] = set()
        for index, event in enumerate(batch.events):
            path = read_back.path.format(id=quote(read_document(event.item.encode())["id"]))
            answer = self._call("GET", path, {"x-correlation-id": batch.batch_id}, None)
            if not isinstance(answer, Answer) or answer.status not in (200, 404):
                return None
            if answer.status == 404:
                continue
            try:
                document = read_document(answer.body)
            except ValueError:  # a proxy's page, say
                return None
            if read_back.present(document, event):
                taken.add(index)
        return frozenset(taken)

    def _call(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered | Deferred:
        for fresh in (False, True):
            token = self._bearer(fresh)
            if isinstance(token, Deferred):
                return token
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
            if not (isinstance(answer, Answer) and answer.status == 401):
                return answer
        return answer

    def _bearer(self, fresh: bool) -> str | Deferred:
        now_ms = self._clock.now_ms()
        if not fresh and self._token is not None and now_ms < self._token.renew_at_ms:
            return self._token.value
        token = self._log_in(reread=False)
        if isinstance(token, Deferred) and token.status in (400, 401):
            token = self._log_in(reread=True)  # the secret may have been rotated
        if isinstance(token, _Token):
            self._token = token
            return token.value
        if token.status in (400, 401):
            # Refused with the newest secret too: nothing that a retry can mend.
            return Deferred(token.reason, CREDENTIALS_PAUSE_S, None)
        return token

    def _log_in(self, reread: bool) -> _Token | Deferred:
        credentials = self._secrets.credentials(reread)
        pair = f"{credentials.client_id}:{credentials.client_secret}"
        answer = self._http.send(
            "POST",
            f"{self._login_url}/oauth/token",
            {
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            b"grant_type=client_credentials",
        )
        now_ms = self._clock.now_ms()
        if not isinstance(answer, Answer):
            return Deferred(f"no token: {answer.reason}", None, None)
        if answer.status != 200:
            wait = retry_after_s(header(answer, "retry-after") or None, now_ms)
            return Deferred(f"no token: {words(answer)}", wait, answer.status)
        try:
            document = read_document(answer.body)
            life_ms = float(document["expires_in"]) * 1000 * TOKEN_LIFE_USED
            return _Token(document["access_token"], now_ms + int(life_ms))
        except (ValueError, KeyError, TypeError):
            return Deferred("no token: the login host answered something else", None, 200)
