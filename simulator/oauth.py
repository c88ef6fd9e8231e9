"""OAuth client credentials: login, tokens, their expiry, and the login endpoint's own limit."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import parse_qs

from simulator.error_body import rate_limit_body
from simulator.faults import Conduct
from simulator.messages import Answer, Reply, Request, json_answer
from simulator.ratelimit import WINDOW_S, RateLimiter

CLIENT_ID = "simulated-client"
CLIENT_SECRET = "simulated-secret"


@dataclass(slots=True)
class Token:
    client_id: str
    expires_at: float
    used_at: float


class OAuth:
    """The clients, their valid secrets (several while one is being rotated), their tokens."""

    def __init__(self, rng: Random, secrets: Mapping[str, Sequence[str]]) -> None:
        self.secrets = {client_id: set(valid) for client_id, valid in secrets.items()}
        self.tokens: dict[str, Token] = {}
        self._rng = rng
        self._logins = RateLimiter(1, WINDOW_S)

    def login(self, request: Request, now: float, conduct: Conduct, context_id: str) -> Answer:
        """POST /oauth/token with Basic id:secret and grant_type=client_credentials."""
        headers = {"ININ-Correlation-Id": context_id}
        credentials = _basic(request.header("authorization"))
        self._logins.allowed = conduct.logins_per_minute
        quota = self._logins.quota(credentials[0] if credentials else "", now, spend=True)
        if not quota.granted:
            body = rate_limit_body(quota.reset_s, context_id)
            return json_answer(Reply(429, body), headers | {"Retry-After": str(quota.reset_s)})
        return json_answer(self._grant(request, credentials, now, conduct), headers)

    def authenticate(self, header: str, now: float, conduct: Conduct) -> str | None:
        """The client id of `Bearer <token>`, None if the token is not (or no longer) valid.

        HIPAA organisations expire a token that was idle for 15 minutes: `conduct.idle_expiry_s`.
        """
        scheme, _, value = header.partition(" ")
        token = self.tokens.get(value) if scheme.lower() == "bearer" else None
        if token is None:
            return None
        idle = conduct.idle_expiry_s is not None and now - token.used_at > conduct.idle_expiry_s
        if idle or now >= token.expires_at:
            del self.tokens[value]
            return None
        token.used_at = now
        return token.client_id

    def revoke(self, header: str) -> None:
        """Forget the token in this Authorization header."""
        self.tokens.pop(header.partition(" ")[2], None)

    def revoke_all(self, client_id: str) -> None:
        """Forget every token of this client."""
        self.tokens = {k: v for k, v in self.tokens.items() if v.client_id != client_id}

    def _grant(
        self, request: Request, credentials: tuple[str, str] | None, now: float, conduct: Conduct
    ) -> Reply:
        if request.method != "POST":
            return _denied(405, "invalid_request", "use POST")
        if credentials is None:
            return _denied(400, "invalid_request", "no Basic credentials in the request")
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            return _denied(400, "unsupported_grant_type", "only client_credentials is served")
        client_id, secret = credentials
        if client_id not in self.secrets:
            return _denied(400, "invalid_client", "client not found: invalid clientId")
        if secret not in self.secrets[client_id]:
            return _denied(401, "invalid_client", "authentication failed")
        value = f"{self._rng.getrandbits(256):064x}"
        self.tokens[value] = Token(client_id, now + conduct.expires_in_s, now)
        body = {"access_token": value, "token_type": "bearer", "expires_in": conduct.expires_in_s}
        return Reply(200, body)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (client_id, secret) if colon else None


def _denied(status: int, error: str, description: str) -> Reply:
    body = {"error": error, "description": description, "error_description": description}
    return Reply(status, body)
