"""Behind a company's mirror: packages come from where pip and npm would get them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stacks import bundling, pips_index
from stacks.bundling import BundlingError

PROJECT = Path(__file__).resolve().parents[2]


class Mirror(ThreadingHTTPServer):
    """An index that has nothing, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simple"


class _Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing in uv's cache, and no configuration of this machine."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    pips_index.with_pips_index.cache_clear()
    yield
    pips_index.with_pips_index.cache_clear()


def install(directory: Path) -> None:
    bundling.install(directory, python="3.14", platform=bundling.PLATFORMS["arm64"])


def test_the_index_of_pips_variable_is_used(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", mirror.url)

    with pytest.raises(BundlingError):
        install(tmp_path / "asset")

    assert any("aws-lambda-powertools" in path for path in mirror.asked)


def test_the_index_of_pips_configuration_is_used(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {mirror.url}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    with pytest.raises(BundlingError):
        install(tmp_path / "asset")

    assert any("aws-lambda-powertools" in path for path in mirror.asked)


def test_each_of_several_indexes_is_told_to_uv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two = ["https://one.example/simple", "https://two.example/simple"]
    (tmp_path / "pip.conf").write_text("[global]\nextra-index-url =\n  " + "\n  ".join(two) + "\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    assert pips_index.with_pips_index()["UV_INDEX"].split() == two


@pytest.mark.parametrize(
    "said", ["user = true", "target = /theirs", "prefix = /theirs", "dry-run = true"]
)
@pytest.mark.parametrize("way", ["variable", "file"])
def test_pip_takes_packages_from_where_it_is_told_and_installs_them_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, way: str
) -> None:
    name, _, value = said.partition(" = ")
    index = "https://one.example/simple"
    settings = f"[global]\nindex-url = {index}\n"
    if way == "variable":
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", value)
    else:
        settings += f"[install]\n{said}\n"
    (tmp_path / "pip.conf").write_text(settings)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=pips_index.for_pip(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert f":env:.index-url='{index}'" in told
    assert f".{name}=" not in told


def _npms_command() -> str:
    """How the Makefile installs the CDK's command line: what make would do, with our Node."""
    dry = ["make", "--dry-run", "--always-make", "--old-file=.venv/.installed"]
    told = subprocess.run(
        [*dry, "node_modules/.installed"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    (command,) = re.findall(r"set -e; (node .*) \) > ", told.stdout)
    node = PROJECT / ".venv" / "bin" / "node"
    return str(command).replace("node ", f"{node} ", 1).replace(".venv/bin/node)", f"{node})", 1)


@pytest.mark.parametrize("way", ["variable", "file of the user's", "file of the folder"])
def test_the_registry_of_npm_is_used(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    checkout.mkdir()
    home.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PROJECT / name, checkout)
    registry = mirror.url.removesuffix("simple")
    match way:
        case "variable":
            monkeypatch.setenv("npm_config_registry", registry)
        case "file of the user's":
            (home / ".npmrc").write_text(f"registry={registry}\n")
        case _:
            (checkout / ".npmrc").write_text(f"registry={registry}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    done = subprocess.run(["sh", "-c", _npms_command()], cwd=checkout, check=False)

    assert done.returncode != 0
    assert any(path.startswith("/aws-cdk") for path in mirror.asked)


def test_once_installed_no_network_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "first")
    pips_index.with_pips_index.cache_clear()
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there

    install(tmp_path / "second")

    assert (tmp_path / "second" / "requests").is_dir()


#: a package that is its own folder, so that installing it needs no network
TOOL = {
    "package.json": {"dependencies": {"tool": "file:tool"}},
    "package-lock.json": {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"tool": "file:tool"}},
            "node_modules/tool": {"resolved": "tool", "link": True},
            "tool": {"version": "1.0.0", "bin": {"cdk": "cdk.js"}},
        },
    },
    "tool/package.json": {"name": "tool", "version": "1.0.0", "bin": {"cdk": "cdk.js"}},
}


@pytest.mark.parametrize(
    "said",
    [
        "omit=dev",
        "global=true",
        "location=global",
        "bin-links=false",
        "dry-run=true",
        "package-lock-only=true",
        "workspaces=true",
    ],
)
def test_the_cdk_is_installed_here_whatever_npm_is_configured_to_do(
    tmp_path: Path, said: str
) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "cdk.js").touch()
    for name, content in TOOL.items():
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "theirs").write_text(f"{said}\n")
    environ = {**os.environ, "npm_config_userconfig": str(tmp_path / "theirs")}

    subprocess.run(["sh", "-c", _npms_command()], cwd=tmp_path, env=environ, check=True)

    assert (tmp_path / "node_modules" / ".bin" / "cdk").exists()


def test_npm_needs_no_home(tmp_path: Path) -> None:
    """Where its cache cannot be made, npm fails, or never ends."""
    asked = _npms_command().replace(" ci ", " config get cache ")

    told = subprocess.run(
        ["sh", "-c", asked], cwd=tmp_path, env={**os.environ, "HOME": "/dev/null"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert told.stdout.strip() == str(tmp_path / ".venv" / "npm-cache")
