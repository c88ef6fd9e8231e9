"""What runs with a deployer's credentials, or in a function, is pinned to its exact bytes."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ops import audit
from ops.__main__ import main
from stacks.version import VERSION
from tests.stacks.synthesised import Synthesised

ROOT = Path(__file__).parents[2]
PIN = re.compile(
    r"^[A-Za-z0-9_.-]+==\S+(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}[ \\\n]*)+"
)


@pytest.mark.parametrize(
    "file", ["requirements.txt", "lambdas/requirements.txt", "emulator/requirements.txt"]
)
def test_every_python_package_is_pinned_with_its_hashes(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)

    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [entry for entry in entries if not PIN.match(f"{entry}\n")] == []


def test_every_node_package_is_pinned_with_its_hash() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]

    assert [name for name, package in locked.items() if name and "integrity" not in package] == []


def test_the_version_is_in_the_changelog() -> None:
    assert f"\n## {VERSION}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")


def test_the_version_is_what_the_command_and_the_stack_say(
    production: Synthesised, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
    for template in production.templates.values():
        assert template["Outputs"]["Version"]["Value"] == VERSION
        assert VERSION in template["Description"]


# The audit


class Osv(HTTPServer):
    """Knows an advisory for one package."""

    wrong = "requests"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/querybatch"


class _Handler(BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        known = {"vulns": [{"id": "GHSA-1"}]}
        results = [known if q["package"]["name"] == self.server.wrong else {} for q in asked]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def osv() -> Iterator[Osv]:
    with Osv(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("wrong", ["requests", "aws-cdk"])
def test_an_advisory_is_named(osv: Osv, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    osv.wrong = wrong

    assert audit.main(osv.url) == audit.FOUND
    said = capsys.readouterr().out
    assert re.search(rf"^{wrong} \S+: GHSA-1 ", said, re.MULTILINE)


def test_without_an_advisory_it_says_how_many_were_checked(
    osv: Osv, capsys: pytest.CaptureFixture[str]
) -> None:
    osv.wrong = "nothing"

    assert audit.main(osv.url) == audit.CLEAN
    assert re.fullmatch(r"\d{2,} packages, 0 of them with advisories\.\n", capsys.readouterr().out)


def test_without_advisories_what_is_pinned_is_unaudited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/"

    assert audit.main(url) == audit.UNAUDITED
    assert capsys.readouterr().out.startswith("unaudited: ")
