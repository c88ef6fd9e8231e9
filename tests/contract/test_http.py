"""HTTP over a real socket: what certainly did not arrive, what may have, and what was answered."""

import gzip
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter
from requests.exceptions import SSLError

from lambdas.adapters.http import RequestsHttp, public_authorities
from lambdas.relay.kernel.limits import GENESYS_ANSWER_BYTES_MAX, REHEARSAL
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from tests.contract.wire import serving

TIMING = replace(REHEARSAL, connect_timeout_s=0.3, request_timeout_s=0.4)
#: a request may take as long as the timing says, and a busy machine a lot more
BOUND_S = TIMING.request_s + 20.0
#: how long a server goes on that never ends by itself: longer than any bound
ENDLESS_S = 120.0

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Seen: yes\r\n\r\n{}"


def post(url: str, body: bytes = b'{"n":1}') -> Answer | NotSent | Unanswered:
    return RequestsHttp(TIMING).send("POST", f"{url}/path", {"X-Given": "1"}, body)


def test_a_named_proxy_is_used() -> None:
    with serving(OK) as proxy:
        http = RequestsHttp(TIMING, proxies=lambda _url: {"http": proxy.url})
        answer = http.send("GET", "http://api.example/path", {}, None)

    assert isinstance(answer, Answer)
    assert proxy.requests[0].startswith(b"GET http://api.example/path HTTP/1.1\r\n")


def test_a_proxy_that_speaks_tls_is_trusted_as_any_other_host_is(tmp_path: Path) -> None:
    with serving(OK, tls=self_signed(tmp_path)) as proxy:
        named = {"http": proxy.url}
        http = RequestsHttp(TIMING, trusting(tmp_path), proxies=lambda _url: named)
        answer = http.send("GET", "http://api.example/path", {}, None)

    assert proxy.url.startswith("https://")
    assert isinstance(answer, Answer)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_blamed_and_not_the_host(scheme: str) -> None:
    http = RequestsHttp(TIMING, proxies=lambda _url: {scheme: "http://127.0.0.1:9"})

    assert http.send("POST", f"{scheme}://api.example/", {}, b"") == NotSent(Code.PROXY_FAILED())


# Answered


def test_an_answer_arrives_with_its_status_headers_and_bytes() -> None:
    with serving(OK) as server:
        answer = post(server.url)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (200, b"{}")
    assert {name.lower(): value for name, value in answer.headers.items()}["x-seen"] == "yes"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Transfer-Encoding: chunked", b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"),
        (b"Content-Encoding: gzip\r\nContent-Length: 25", gzip.compress(b"[1,2]", mtime=0)),
    ],
    ids=["in chunks", "compressed"],
)
@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 400 No\r\n"])
def test_an_answer_is_whole_however_it_is_sent(line: bytes, head: bytes, body: bytes) -> None:
    with serving(line + head + b"\r\n\r\n", body[:7], 0.1, body[7:]) as server:
        answer = post(server.url)

    assert isinstance(answer, Answer)
    assert answer.body == b"[1,2]"


def test_the_bytes_of_a_request_are_sent_verbatim() -> None:
    body = '{"said":"¿qué?"}'.encode()
    with serving(OK) as server:
        post(server.url, body)

    (request,) = server.requests
    head, _, sent = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /path HTTP/1.1\r\n")
    assert b"X-Given: 1" in head
    assert sent == body


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 307, 401, 409, 429, 500, 503])
def test_any_status_is_an_answer_and_is_requested_once(method: str, status: int) -> None:
    """No hidden retries, no redirects: an attempt is one request."""
    line = f"HTTP/1.1 {status} Words\r\nLocation: /elsewhere\r\nRetry-After: 0\r\n"
    with serving(line.encode() + b"Content-Length: 0\r\n\r\n") as server:
        answer = RequestsHttp(TIMING).send(method, server.url, {}, None)
        time.sleep(0.1)

    assert isinstance(answer, Answer)
    assert answer.status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("said", [b"204 No Content\r\n\r\n", b"300 Choices\r\n\r\n{}"])
def test_an_answer_whose_body_does_not_matter_needs_no_length(said: bytes) -> None:
    with serving(b"HTTP/1.1 " + said) as server:
        assert isinstance(post(server.url), Answer)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(OK) as server:
        assert isinstance(post(server.url), Answer)


# Certainly not arrived


def test_a_closed_port_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert isinstance(post(f"http://127.0.0.1:{port}"), NotSent)


def test_a_name_that_nobody_has_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert isinstance(post("http://genesys.invalid"), NotSent)


def test_a_certificate_that_is_not_trusted_means_not_sent(tmp_path: Path) -> None:
    with serving(OK, tls=self_signed(tmp_path)) as server:
        answer = post(server.url)

    assert isinstance(answer, NotSent)
    assert answer.reason == Code.CERTIFICATE_UNTRUSTED()
    assert server.requests == []


def test_a_certificate_of_another_name_means_not_sent(tmp_path: Path) -> None:
    with serving(OK, tls=self_signed(tmp_path, "127.0.0.2")) as server:
        answer = RequestsHttp(TIMING, trusting(tmp_path)).send("POST", server.url, {}, b"{}")

    assert isinstance(answer, NotSent)
    assert server.requests == []


def test_the_trust_store_is_read_once_and_no_connection_serves_two_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def reading(context: ssl.SSLContext, *files: str) -> None:
        read.append(files)
        load(context, *files)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", reading)
    with serving(OK, 0.2, OK, tls=self_signed(tmp_path)) as server:
        http = RequestsHttp(TIMING, trusting(tmp_path))
        before = len(read)
        answers = [http.send("POST", f"{server.url}/{n}", {}, b"{}") for n in range(3)]

    assert all(isinstance(answer, Answer) for answer in answers)
    assert len(server.requests) == 3, "each on a connection of its own, though the server kept it"
    assert len(read) == before


# May have taken effect


@pytest.mark.parametrize(
    "script",
    [
        (),
        (b"HTTP/1.1 200 OK\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",),
        (b"nonsense\r\n\r\n",),
    ],
    ids=["closed", "cut in the headers", "cut in the body", "cut in a chunk", "no http"],
)
def test_a_connection_that_breaks_after_the_request_means_unanswered(
    script: tuple[bytes, ...],
) -> None:
    with serving(*script) as server:
        answer = post(server.url)

    assert isinstance(answer, Unanswered)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "script",
    [
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\n\r\n{}",),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 90\r\n\r\n{}",),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}",),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 3\r\n\r\n{}", ENDLESS_S),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\n\r\n" + b"{}" + b" " * 1_000_000,),
    ],
    ids=["no length", "cut off", "cut in a chunk", "silent within", "long"],
)
def test_a_refusal_is_certain_however_its_words_end(script: tuple[bytes | float, ...]) -> None:
    began = time.monotonic()
    with serving(*script) as server:
        answer = post(server.url)
        took_s = time.monotonic() - began

    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "9")
    assert answer.body[:2] in (b"{}", b"")
    assert len(answer.body) < 100_000 + 65_536, "the last piece may go beyond what is enough"
    assert took_s < BOUND_S


DRIP = [step for _ in range(1_000) for step in (b"x", 0.1)]


@pytest.mark.parametrize(
    "script",
    [
        (ENDLESS_S,),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", ENDLESS_S),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *DRIP),
    ],
    ids=["silence", "silence within the body", "one byte at a time"],
)
def test_a_server_that_takes_too_long_is_given_up_on_in_time(script: tuple[bytes | float]) -> None:
    began = time.monotonic()
    with serving(*script) as server:
        answer = post(server.url)
        took_s = time.monotonic() - began

    assert isinstance(answer, Unanswered)
    assert took_s < BOUND_S


def test_a_connection_whose_tls_breaks_means_unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other than a certificate that is not trusted, it may break at any time."""

    def breaking(*arguments: object, **named: object) -> None:
        raise SSLError("EOF occurred in violation of protocol")

    monkeypatch.setattr(HTTPAdapter, "send", breaking)

    assert isinstance(post("https://genesys.invalid"), Unanswered)


def test_the_longest_answer_is_read() -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {GENESYS_ANSWER_BYTES_MAX}\r\n\r\n".encode()
    with serving(head + b"x" * GENESYS_ANSWER_BYTES_MAX) as server:
        answer = RequestsHttp(REHEARSAL).send("GET", server.url, {}, None)

    assert isinstance(answer, Answer)
    assert len(answer.body) == GENESYS_ANSWER_BYTES_MAX


def test_an_endless_answer_is_given_up_on() -> None:
    size = GENESYS_ANSWER_BYTES_MAX + 200_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    with serving(head + b"x" * size) as server:
        assert isinstance(post(server.url), Unanswered)


def trusting(directory: Path) -> ssl.SSLContext:
    context = public_authorities()
    context.load_verify_locations(directory / "certificate.pem")
    return context


def self_signed(directory: Path, address: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's context; its certificate, for that address, is left in the directory."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    (directory / "certificate.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
    )
    (directory / "pair.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "pair.pem")
    return context
