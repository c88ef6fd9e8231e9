"""The stack's OAuth token (client credentials), cached by each instance.

It is valid for a day and renewed early. It also expires when idle if the organisation is under
HIPAA, is revoked with its client, and cannot be fetched too often. A rotated secret is read again
as soon as the old one is refused, so no deployment is needed.
"""

import base64
import re
from dataclasses import dataclass, replace

from lambdas.relay.destinations.destination import read_document
from lambdas.relay.genesys.outcomes import Deferred, header, words
from lambdas.relay.genesys.rate_limiter import RateLimiter
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.limits import (
    CREDENTIALS_PAUSE_S,
    LOGIN_PAUSE_S,
    TOKEN_IDLE_MAX_S,
    TOKEN_LIFE_USED,
)
from lambdas.relay.kernel.ports import Answer, Clock, Http, Secrets
from lambdas.relay.kernel.reasons import Code, Reason

#: the characters of a bearer token (RFC 6750, 2.1, and any others that a header can carry)
BEARER = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    renew_at_ms: int


class Tokens:
    """Returns a bearer token, or why there is none and when to try again."""

    def __init__(
        self, http: Http, secrets: Secrets, clock: Clock, rate_limiter: RateLimiter, login_url: str
    ) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._login_url = login_url.rstrip("/")
        self._token: Token | None = None
        self._used_at_ms = 0
        self._refused = Deferred(Code.NO_SLOT(), None, None)
        self._refused_until_ms = 0

    def bearer(self, fresh: bool) -> str | Deferred:
        """`fresh`: Genesys refused the cached token. Raises Transient if the secret cannot be
        read."""
        now_ms = self._clock.now_ms()
        if fresh or self._token is None or not self._is_good(self._token, now_ms):
            if now_ms < self._refused_until_ms:
                wait = (self._refused_until_ms - now_ms) / 1000
                return replace(self._refused, retry_after_s=wait)
            token = self._renewed()
            if isinstance(token, Deferred):
                return token
            self._token = token
        self._used_at_ms = now_ms
        return self._token.value

    def _is_good(self, token: Token, now_ms: int) -> bool:
        idle_ms = now_ms - self._used_at_ms
        return now_ms < token.renew_at_ms and idle_ms < TOKEN_IDLE_MAX_S * 1000

    def _renewed(self) -> Token | Deferred:
        token = self._log_in(reread=False)
        if isinstance(token, Deferred) and token.status in (400, 401):
            token = self._log_in(reread=True)  # the secret may have been rotated
        if isinstance(token, Token):
            return token
        if token.status in (400, 401):
            # Refused with the newest secret too: a retry does not help.
            token = Deferred(token.reason, CREDENTIALS_PAUSE_S, None)
        elif token.status == 429:
            wait = token.retry_after_s or LOGIN_PAUSE_S
            token = Deferred(token.reason, wait, None, is_fault=False)
        if token.status is None and token.retry_after_s is not None:
            # This instance does not try again before that time.
            now_ms = self._clock.now_ms()
            self._refused, self._refused_until_ms = token, now_ms + int(token.retry_after_s * 1000)
        return token

    def _log_in(self, reread: bool) -> Token | Deferred:
        credentials = self._secrets.credentials(reread)
        wait = self._rate_limiter.spend(self._clock.now_ms())
        if wait:
            return Deferred(Code.NO_SLOT(), wait, None, is_fault=False)
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
            return Deferred(Code.NO_TOKEN(answer.reason), None, None)
        if answer.status != 200:
            wait_s = retry_after_s(header(answer, "retry-after") or None, now_ms)
            return Deferred(_why(answer), wait_s, answer.status)
        try:
            document = read_document(answer.body)
            life_ms = float(document["expires_in"]) * 1000 * TOKEN_LIFE_USED
            token = Token(document["access_token"], now_ms + int(life_ms))
            if not BEARER.fullmatch(token.value):
                raise ValueError("no token that a header can carry")
            return token
        except (ValueError, KeyError, TypeError, OverflowError):
            said = words(answer)
            unread = Code.LOGIN_UNREADABLE() if said == "200" else Code.NO_TOKEN(said)
            return Deferred(unread, None, 200)


def _why(answer: Answer) -> Reason:
    """Why the login host gave no token. A 400 of its own is a document with an `error` (RFC 6749,
    5.2): any other says nothing about the credentials."""
    said = words(answer)
    match answer.status:
        case 400 if said == "400":
            return Code.NO_TOKEN(Code.SAID_ON_THE_WAY(said))
        case 400 | 401:
            return Code.CREDENTIALS_REFUSED(Code.NO_TOKEN(said))
        case _:
            return Code.NO_TOKEN(said)
