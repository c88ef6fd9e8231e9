"""Queries Genesys as the functions would: gets a token, and checks what it may do."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.adapters.http import RequestsHttp
from lambdas.relay.genesys.outcomes import header, told, words
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Answer, Http
from lambdas.relay.kernel.reasons import Code, sentence
from ops.connection import Relay
from ops.errors import OpsError
from ops.http import operators_http

#: any token may read this; it has no effect
HARMLESS = "/api/v2/tokens/me"


class NoToken(OpsError):
    """Genesys answered the login, but not with a token."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_ours(self) -> bool:
        """Whether our credentials are wrong, rather than Genesys failing."""
        return self.status in (400, 401, 403)


class NoVerdict(OpsError):
    """Genesys answered that it is busy or failing, which says nothing about what was asked."""


def is_busy(answer: Answer) -> bool:
    return answer.status == 429 or answer.status >= 500


@dataclass(frozen=True, slots=True)
class Probe:
    """Requests to Genesys with the functions' credentials."""

    relay: Relay
    http: RequestsHttp = field(default_factory=operators_http)

    def secret(self) -> tuple[str, str]:
        """The client's id and secret. Raises Transient if the secret is not usable."""
        store = SecretsManagerSecrets(self.relay.secrets, self.relay.output("GenesysSecretName"))
        credentials = store.credentials(True)
        return credentials.client_id, credentials.client_secret

    def token(self) -> str:
        """Raises OpsError with Genesys' own message."""
        return token_of(self.http, self.relay.settings["GENESYS_LOGIN_URL"], *self.secret())

    def caller(self) -> "Caller":
        """Raises OpsError if there is no token."""
        return Caller(self.http, self.relay.settings["GENESYS_API_URL"], self.token())

    def call(self, method: str, path: str, token: str, body: bytes | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.send(
            method, f"{self.relay.settings['GENESYS_API_URL'].rstrip('/')}{path}", headers, body
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Raises OpsError if no answer comes."""
        return send(self.http, method, url, headers, body)


@dataclass(frozen=True, slots=True)
class Caller:
    """Requests with one token, each of which must succeed."""

    http: Http
    api_url: str
    token: str

    def read(self, path: str, **query: str) -> dict[str, Any]:
        """Raises OpsError with Genesys' own message and the remedy."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Raises OpsError with Genesys' own message and the remedy."""
        return self._ask(method, path, json.dumps(document).encode())

    def answer(self, method: str, path: str, body: bytes | None) -> Answer:
        """Whatever Genesys answers. Raises OpsError if no answer comes."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return send(self.http, method, f"{self.api_url.rstrip('/')}{path}", headers, body)

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        answer = self.answer(method, path, body)
        where = path.split("?")[0]
        if not 200 <= answer.status < 300:
            remedy = FORBIDDEN if answer.status == 403 else "It changed nothing."
            raise OpsError(f"Genesys refuses {method} {where}: {words(answer)}. {remedy}")
        try:
            document = told(answer)
            if not isinstance(document, dict | None):
                raise Malformed(Code.FOREIGN_ANSWER())
        except Malformed as malformed:
            raise OpsError(
                f"{method} {where}: {malformed}. If this lasts, check the API host, and whether a "
                "proxy or a sign-in page is in front of it."
            ) from None
        return document or {}


#: what a 403 can mean; it follows Genesys' own message, which names a missing permission
FORBIDDEN = (
    "If it names a permission, give it to a role of the OAuth client, in the division too. If it "
    "does not, the organisation may lack a licence (Journey Management needs CX 4 or an add-on)."
)
#: other reasons to refuse a valid client, which Genesys may not mention
KEPT_OUT = (
    "If they are correct: does the organisation's list of Allowed IP Addresses contain the address "
    "that this comes from (output EgressAddress)? If OAuth scope enforcement is on, is the client "
    "authorised?"
)


def token_of(http: Http, login_url: str, client_id: str, client_secret: str) -> str:
    """Raises OpsError with Genesys' own message."""
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    url = f"{login_url.rstrip('/')}/oauth/token"
    answer = send(http, "POST", url, headers, b"grant_type=client_credentials")
    if answer.status != 200:
        raise NoToken(f"Genesys gives no token: {words(answer)}.", answer.status)
    try:
        token = json.loads(answer.body)["access_token"]
    except (ValueError, TypeError, KeyError, RecursionError):
        token = None
    if not isinstance(token, str) or not token:
        raise NoToken(
            f"{url.split('/')[2]} answers 200 without a token: check the login host, and whether a "
            "proxy or a sign-in page is in front of it.",
            answer.status,
        )
    return token


def send(
    http: Http, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    """Raises OpsError if no answer comes."""
    answer = http.send(method, url, headers, body)
    if not isinstance(answer, Answer):
        raise OpsError(f"{url.split('/')[2]} does not answer: {sentence(answer.reason)}")
    return answer


def allowed_per_minute(answer: Answer) -> int | None:
    """The rate limit that Genesys states."""
    value = header(answer, "inin-ratelimit-allowed")
    return int(value) if value.isdecimal() else None


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The other side's clock."""
    value = next((v for k, v in headers.items() if k.lower() == "date"), "")
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # not a date, or a year out of range
