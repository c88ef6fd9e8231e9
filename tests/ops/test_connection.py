"""Which relay is meant, and who asks: from options, variables and files, or one sentence."""

import getpass
import json
import os
from pathlib import Path

import pytest

from ops import session
from ops.__main__ import main
from ops.connection import Relay, Target, connect
from ops.errors import OpsError
from ops.session import person
from stacks.version import VERSION
from tests.stacks.environments import environment_text

WHERE = {
    "aws": "http://localhost:1",
    "genesys": "http://localhost:2",
    "account": "000000000000",
    "region": "eu-west-1",
    "environment": "local",
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Somebody whose region is only in AWS_REGION."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "RELAY_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    def connected(target: Target) -> Relay:
        relay = connect(target)
        _ = relay.sqs  # boto3 wants a region here
        raise OpsError(f"connected with {relay.stack} in {relay.region}")

    monkeypatch.setattr(session, "connect", connected)
    return monkeypatch


def test_the_region_is_that_of_the_variable(
    variables: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-e", "x", "status"]) == 2
    assert "connected with genesys-relay-x in eu-central-1" in capsys.readouterr().err


def test_the_option_takes_precedence_over_the_variable(
    variables: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-e", "x", "status", "--region", "eu-west-3"]) == 2
    assert "connected with genesys-relay-x in eu-west-3" in capsys.readouterr().err


def test_an_empty_variable_names_no_region(
    variables: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables.setenv("AWS_REGION", "")
    assert main(["-e", "x", "status"]) == 2
    assert "set AWS_REGION" in capsys.readouterr().err


def test_an_endpoint_file_says_where_the_embedded_run_is(tmp_path: Path) -> None:
    file = tmp_path / "endpoint.json"
    file.write_text(json.dumps(WHERE))

    relay = connect(Target(None, None, None, file))

    assert (relay.stack, relay.region, relay.is_embedded) == (
        "genesys-relay-local",
        "eu-west-1",
        True,
    )


@pytest.mark.parametrize(
    "written",
    [
        b"",
        json.dumps(WHERE)[:40].encode(),
        json.dumps({"aws": "http://localhost:1"}).encode(),
        b"[]",
        b"null",
        b"\xff",
    ],
)
def test_a_half_written_endpoint_file_gives_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: bytes
) -> None:
    file = tmp_path / "endpoint.json"
    file.write_bytes(written)

    assert main(["--local", "--endpoint-file", str(file), "status"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "does not contain the address of the local run" in line
    assert "make run" in line


@pytest.mark.parametrize("unknown", [KeyError("getpwuid(): uid not found"), OSError("no name")])
def test_a_user_without_a_name_is_a_number(
    monkeypatch: pytest.MonkeyPatch, unknown: Exception
) -> None:
    def nameless() -> str:
        raise unknown

    monkeypatch.setattr(getpass, "getuser", nameless)
    monkeypatch.setattr(os, "getuid", lambda: 4711)

    assert person() == "uid 4711"


def test_the_region_of_an_environment_file_is_used_unless_another_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "first.toml"
    path.write_text(environment_text('region = "eu-west-2"'), encoding="utf-8")

    found = connect(Target(str(path), None, None, None))
    assert (found.stack, found.region) == ("genesys-relay-first", "eu-west-2")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert connect(Target(str(path), None, None, None)).region == "eu-west-2"
    assert connect(Target(str(path), None, "eu-west-3", None)).region == "eu-west-3"


def test_each_environment_can_have_its_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile relay-eu]\nregion = eu-west-2\n[profile relay-us]\nregion = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    regions = {
        name: connect(Target(name, "relay-{environment}", None, None)).region
        for name in ("eu", "us")
    }

    assert regions == {"eu": "eu-west-2", "us": "us-east-1"}


@pytest.mark.parametrize("arguments", [["--json", "--version"], ["--version", "--json"]])
def test_programs_get_the_version_as_a_document(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == {"version": VERSION}

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
