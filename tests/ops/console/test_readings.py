"""The console over a relay's own queues, ledger and vault says what the commands say."""

import json
import re
from pathlib import Path

import pytest

from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import encode
from lambdas.relay.review.cases import park
from ops.__main__ import main
from ops.connection import Relay, Target
from ops.console.app import console
from ops.console.door import Door
from ops.console.readings import OfRelay, options
from ops.errors import OpsError
from tests.ops.conftest import Deployed, dead_letter_in
from tests.ops.console.asking import ask
from tests.unit.batches import NOW_MS, batch_of

BATCH = batch_of("a", "b")
HEADERS = {"host": "127.0.0.1:1", "cookie": "relay-console-1=t"}


@pytest.fixture
def in_trouble(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setattr("ops.reading._ages", lambda _relay: {})
    claim(BATCH, relay.ledger, NOW_MS)
    park(
        BATCH,
        "REJECTED",
        Code.QUOTED("400 no"),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )
    document = {"reason": "no JSON", "at_ms": NOW_MS, "message": "{"}
    relay.vault.keep("quarantine/abcdefgh.json", json.dumps(document))
    dead_letter_in(relay, "writes", encode(BATCH), reason="429: later", batch=BATCH.batch_id)
    return relay


def test_each_page_is_read_from_the_relay(
    in_trouble: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    app = console(
        OfRelay(in_trouble, Target("test", None, None, None)),
        Door("t", 1, False),
        1.0,
        lambda: False,
    )

    def text(address: str) -> str:
        answered = ask(app, "GET", address, HEADERS)
        assert answered.status == 200, answered.text
        return answered.text

    assert main(["status", "--json"]) == 1
    troubles = json.loads(capsys.readouterr().out)["troubles"]
    assert f"{len(troubles)} things need attention." in text("/")

    assert BATCH.events[1].identity in text(f"/trace?name={BATCH.batch_id}")
    assert "Refused by Genesys" in text(f"/trace?name={BATCH.events[0].identity}")
    assert BATCH.events[0].identity in text("/events?from=2026-01-01T00:00Z&state=rejected")
    (found,) = set(re.findall(r'href="(/dead-letters/[\w-]+)"', text("/dead-letters")))
    assert "429: later" in text(found)
    assert "429: later" in text(found), "looking releases the dead letters again"
    assert "400 no" in text("/cases")
    assert "no: Genesys refused it" in text(f"/cases/{BATCH.batch_id}")
    assert "no JSON" in text("/cases/abcdefgh")
    assert ask(app, "GET", "/cases/zzz", HEADERS).status == 400


def test_every_environment_is_read_as_by_status_all(
    in_trouble: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("eu", "us", "example"):
        (tmp_path / f"{name}.toml").touch()

    def connect(target: Target) -> Relay:
        if target.environment == "us":
            raise OpsError("There is no stack genesys-relay-us.")
        return in_trouble

    monkeypatch.setattr("ops.console.readings.ENVIRONMENTS", tmp_path)
    monkeypatch.setattr("ops.console.readings.connect", connect)
    readings = OfRelay(in_trouble, Target("eu", None, None, None))

    eu, us = readings.environments()
    assert readings.has_others
    assert any("Dead letters" in trouble for trouble in eu.troubles)
    assert us.troubles == ["could not be read: There is no stack genesys-relay-us."]
    local = OfRelay(in_trouble, Target(None, None, None, Path("e.json")))
    assert not local.has_others


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (Target("prod", None, None, None), ["--environment=prod"]),
        (
            Target("prod", "night", "eu-west-1", None),
            ["--environment=prod", "--profile=night", "--region=eu-west-1"],
        ),
        (Target(None, None, None, Path("e.json")), ["--local", "--endpoint-file=e.json"]),
    ],
)
def test_a_buttons_command_is_for_the_same_relay(target: Target, given: list[str]) -> None:
    assert options(target) == given
