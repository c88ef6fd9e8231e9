"""The programs that customers start from: what is wrong gives one sentence."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from examples import post_to_webhook

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60
NEEDED = {
    "post_to_webhook": ("WEBHOOK_URL", "WEBHOOK_KEY"),
    "put_business_event": ("RELAY_BUS",),
}
EVENT = {"id": "1"}


class Webhook(HTTPServer):
    """Gives its answers one after another, the last one for ever."""

    answers: list[tuple[int, bytes]]
    asked: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events/webhook"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with Webhook(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """An example as a customer runs it, in an environment without anything else."""
    return subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *arguments], cwd=ROOT, check=False,
        env={"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": "none", **variables},
        capture_output=True, text=True, timeout=TIMEOUT_S,
    )  # fmt: skip


@pytest.mark.parametrize("name", NEEDED)
def test_variables_that_are_missing_are_named(name: str) -> None:
    done = run(name)

    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert all(variable in line for variable in NEEDED[name])


@pytest.mark.parametrize("name", NEEDED)
def test_help_says_what_it_needs(name: str) -> None:
    done = run(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert all(variable in done.stdout for variable in NEEDED[name])


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, b'{"error": "no id"}', '400: {"error": "no id"}'),
        (413, b'{"message": "Request Too Long"}', '413: {"message": "Request Too Long"}'),
        (404, b'{"message": "Not Found"}', '404: {"message": "Not Found"}'),
        (403, b"<html>Forbidden</html>", "403: <html>Forbidden</html>"),
    ],
)
def test_what_will_not_get_better_is_reported_at_once(
    webhook: Webhook, status: int, body: bytes, told: str
) -> None:
    webhook.answers = [(status, body)]

    with pytest.raises(RuntimeError) as raised:
        post_to_webhook.post(webhook.url, "key", EVENT)

    assert told in str(raised.value)
    assert webhook.asked == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_get_better_is_tried_again(webhook: Webhook, status: int) -> None:
    webhook.answers = [(status, b'{"message": "later"}'), (200, b"{}")]

    assert post_to_webhook.post(webhook.url, "key", EVENT) == 2


def test_an_event_that_is_refused_gives_one_sentence_at_the_end(webhook: Webhook) -> None:
    webhook.answers = [(404, b'{"message": "Not Found"}')]

    done = run("post_to_webhook", WEBHOOK_URL=webhook.url, WEBHOOK_KEY="k")

    (line,) = done.stderr.splitlines()
    assert '404: {"message": "Not Found"}' in line


def test_without_a_region_it_says_so() -> None:
    done = run("put_business_event", RELAY_BUS="bus")

    (line,) = done.stderr.splitlines()
    assert "AWS_REGION" in line


def test_without_credentials_it_says_so_at_once() -> None:
    nobody = {"AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_EC2_METADATA_DISABLED": "true"}

    done = run("put_business_event", AWS_REGION="eu-west-1", RELAY_BUS="bus", **nobody)

    assert done.returncode != 0
    assert "attempt 2" not in done.stdout
    (line,) = done.stderr.splitlines()
    assert "credentials" in line
