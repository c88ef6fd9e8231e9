"""HTTP from a company's laptop."""

from pathlib import Path

import pytest

from lambdas.relay.kernel.ports import Answer, NotSent
from lambdas.relay.kernel.reasons import Code
from ops.errors import OpsError
from ops.http import operators_http
from tests.contract.wire import serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(autouse=True)
def nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        answer = operators_http().send("GET", "http://api.example/", {}, None)

    assert isinstance(answer, Answer)
    assert proxy.requests


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    answer = operators_http().send("GET", "https://api.example/", {}, None)

    assert answer == NotSent(Code.PROXY_FAILED())


def test_what_is_exempt_bypasses_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(OK) as server:
        assert isinstance(operators_http().send("GET", server.url, {}, None), Answer)


def test_a_bundle_that_is_not_there_gives_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    with pytest.raises(OpsError, match=r"none\.pem contains no certificates"):
        operators_http()
