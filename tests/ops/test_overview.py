"""`relay status --all`: a line for each environment; exit code 0 only if none needs anybody."""

import json
from pathlib import Path
from typing import NoReturn

import pytest

from ops import app
from ops.__main__ import main
from ops.connection import Relay, Target
from ops.errors import OpsError
from tests.ops.conftest import Deployed, dead_letter_in
from tests.stacks.environments import environment_text


@pytest.fixture
def targets(relay: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Target]:
    """The relay of each environment: `gone` has no stack."""
    seen: dict[str, Target] = {}
    for name in ("acme", "example"):
        (tmp_path / f"{name}.toml").touch()

    def connect(target: Target) -> Relay:
        seen[str(target.environment)] = target
        if target.environment == "gone":
            raise OpsError("There is no stack genesys-relay-gone.")
        return relay

    monkeypatch.setattr(app, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(app, "connect", connect)
    return seen


def test_all_is_well_if_none_needs_anybody(
    targets: dict[str, Target], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "beta.toml").touch()

    assert main(["status", "--all", "--profile", "relay-{environment}"]) == 0

    shown = capsys.readouterr().out
    assert "None of 2 environments needs attention." in shown
    assert {name: target.profile for name, target in targets.items()} == {
        "acme": "relay-acme",
        "beta": "relay-beta",
    }


@pytest.mark.usefixtures("targets")
def test_an_environment_that_cannot_be_read_needs_somebody_and_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone.toml").touch()

    assert main(["--json", "status", "--all"]) == 1

    lines = {line["environment"]: line["troubles"] for line in json.loads(capsys.readouterr().out)}
    assert lines["acme"] == []
    assert lines["gone"] == ["could not be read: There is no stack genesys-relay-gone."]


@pytest.mark.usefixtures("targets")
def test_what_one_of_them_needs_is_reported(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_in(relay, "writes", "{}")

    assert main(["status", "--all", "--profile", "relay-{environment}"]) == 1

    shown = capsys.readouterr().out
    assert "Dead letters: 1 in writes-dead" in shown
    assert "relay --environment acme --profile relay-acme status" in shown


@pytest.mark.usefixtures("targets")
def test_without_an_environment_there_is_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "acme.toml").unlink()

    assert main(["status", "--all"]) == 2
    assert "no environment besides the example" in capsys.readouterr().err


def test_it_is_of_environments_on_aws(
    targets: dict[str, Target], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--local", "status", "--all"]) == 2
    assert "leave out --local" in capsys.readouterr().err
    assert targets == {}


def test_each_is_looked_for_where_its_file_says_and_its_trouble_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three organisations, none of them as it should be: there are only their files."""
    for place in ("ops.app", "ops.connection", "stacks.configuration"):
        monkeypatch.setattr(f"{place}.ENVIRONMENTS", tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    for name, region in (("eu", "eu-west-2"), ("us", "us-east-1")):
        text = environment_text(f'region = "{region}"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "broken.toml").write_text("[relay", encoding="utf-8")

    def read(relay: Relay) -> NoReturn:
        raise OpsError(f"There is no stack {relay.stack} in {relay.region}.")

    monkeypatch.setattr("ops.overview.read", read)
    assert main(["--json", "status", "--all"]) == 1

    lines = {line["environment"]: line["troubles"] for line in json.loads(capsys.readouterr().out)}
    assert list(lines) == ["broken", "eu", "us"]
    assert "broken.toml" in lines["broken"][0]
    assert "There is no stack genesys-relay-eu in eu-west-2" in lines["eu"][0]
    assert "There is no stack genesys-relay-us in us-east-1" in lines["us"][0]
