"""HTTP requests without retries or redirects, bounded in time and size."""

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError
from urllib3.util.ssl_ import create_urllib3_context

from lambdas.relay.kernel.limits import GENESYS_ANSWER_BYTES_MAX, Timing
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code

_CHUNK_BYTES = 65_536
_OURS = {
    "User-Agent": "genesys-relay",
    "Connection": "close",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
}
#: the most that is read of an error's body; Genesys' have a few hundred bytes
ERROR_BODY_BYTES_MAX = 100_000


def no_proxy(url: str) -> Mapping[str, str]:
    return {}


class RequestsHttp:
    """Implements relay.kernel.ports.Http.

    Every request has its own connection: one kept from an earlier invocation may have been closed
    while Lambda was frozen, and a POST on it would needlessly have an unknown outcome. The trust
    store is kept: reading it costs ten times the CPU of the rest of a request.
    """

    def __init__(
        self,
        timing: Timing,
        trust: ssl.SSLContext | None = None,
        proxies: Callable[[str], Mapping[str, str]] = no_proxy,
    ) -> None:
        """`trust`: the trusted authorities; None: those that come with requests. `proxies`: the
        proxies to use for a URL, by its scheme."""
        self._timing = timing
        self._trust = public_authorities() if trust is None else trust
        self._proxies = proxies

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        until = time.monotonic() + self._timing.request_s
        request = requests.Request(method, url, headers={**headers, **_OURS}, data=body).prepare()
        with closing(_OneRequest(self._trust)) as adapter:
            try:
                with adapter.send(
                    request,
                    stream=True,
                    proxies=self._proxies(url),
                    timeout=Timeout(  # type: ignore[arg-type]  # requests hands it to urllib3
                        connect=self._timing.connect_timeout_s,
                        read=self._timing.request_timeout_s,
                        total=self._timing.request_s,
                    ),
                ) as response:
                    return _read(response, until)
            except (requests.RequestException, HTTPError) as error:
                return _failed(error)


def public_authorities(bundle: str = DEFAULT_CA_BUNDLE_PATH) -> ssl.SSLContext:
    """The trust store that requests would load again for each connection. Raises OSError if the
    bundle does not exist."""
    context = create_urllib3_context()
    context.load_verify_locations(bundle)
    return context


class _OneRequest(HTTPAdapter):
    """The connections of one session. They use the given trust store and read no bundle."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named, ssl_context=self._trust)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, **named, ssl_context=self._trust)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"  # by `ssl_context` alone, without a bundle


def _read(response: requests.Response, until: float) -> Answer | Unanswered:
    if response.status_code >= 300:
        return _read_words(response, until)
    if not _says_its_end(response):
        return Unanswered(Code.ANSWER_WITHOUT_END())
    body = bytearray()
    # read1 returns what has arrived: a slow sender must not hold us past `until`.
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > GENESYS_ANSWER_BYTES_MAX:
            return Unanswered(Code.ANSWER_TOO_LONG())
        if time.monotonic() > until:
            return Unanswered(Code.ANSWER_TOO_SLOW())
    return Answer(response.status_code, dict(response.headers), bytes(body))


def _read_words(response: requests.Response, until: float) -> Answer:
    """From 300 on only the status matters, and the body explains it. The part of the body that
    arrives in time is read; if the rest is missing, the status still holds."""
    body = bytearray()
    while len(body) < ERROR_BODY_BYTES_MAX and time.monotonic() < until:
        try:
            chunk = response.raw.read1(_CHUNK_BYTES, decode_content=True)
        except (requests.RequestException, HTTPError):
            break  # cut off: what has arrived is used
        if not chunk:
            break
        body += chunk
    return Answer(response.status_code, dict(response.headers), bytes(body))


def _says_its_end(response: requests.Response) -> bool:
    """Whether an answer states where it ends. One that ends with its connection looks complete
    wherever it was cut off, even within its headers."""
    framed = {"content-length", "transfer-encoding"} & {name.lower() for name in response.headers}
    return bool(framed) or response.status_code in (204, 304)


def _failed(error: Exception) -> NotSent | Unanswered:
    """Only a request that failed before there was a connection certainly did not arrive."""
    failed = Code.CONNECTION_FAILED(type(error).__name__)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent(failed)
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY" in str(error):
        return NotSent(Code.CERTIFICATE_UNTRUSTED())
    cause = error.args[0] if error.args else None
    if isinstance(getattr(cause, "reason", None), ProxyError):
        return NotSent(Code.PROXY_FAILED())
    if isinstance(getattr(cause, "reason", None), NewConnectionError):
        return NotSent(Code.NO_CONNECTION())
    return Unanswered(failed)
