"""An unknown name, and an empty value, give a one-sentence error and never an answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import typer

from lambdas.relay.kernel.time_format import iso
from lambdas.relay.routes.configuration import Configuration
from ops.__main__ import main
from ops.app import app
from ops.connection import CLOCK, Relay
from ops.errors import OpsError
from stacks.schema.parsing import parse
from tests.ops.conftest import Deployed
from tests.ops.test_list import delivered
from tests.unit.batches import NOW_MS, TARGET, sealed, sealed_event
from tests.unit.simulated import JOURNEY

HOUR_MS = 3_600_000
DESTINATIONS = {"steps": {**JOURNEY, "formerly": ["journey"]}, "notes": JOURNEY}
FLOW = "v2.detail.events.conversation.{id}.flow"
ROUTES = [
    {"name": "orders", "destination": "steps", "topics": ["order.*"], "formerly": ["sales"]},
    {"name": "ends", "destination": "notes", "topics": ["v2.detail.events.conversation.*.acw"]},
    {"name": "flows", "destination": "notes", "topics": [f"{FLOW}.start", "v2.flows.{id}.end"]},
    {"name": "moods", "destination": "notes", "topics": ["v2.users.*.presence"]},
]


def configured(_relay: Relay) -> Configuration:
    return parse({"destinations": DESTINATIONS, "routes": ROUTES})


@pytest.fixture
def shop(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setattr("ops.deployed.configuration", configured)
    return relay


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--destination", "step"],
            "There is no destination step: the destinations are journey, notes, steps.",
        ),
        (
            ["--field", "route=order"],
            "There is no route order: the routes are ends, flows, moods, orders, sales.",
        ),
        (["--topic", "parcel.sent"], "No route takes parcel.sent: the routes take order.*, v2."),
        (["--topic", "p*"], "No route takes p*"),
        (["--topic", "flow.end"], "No route takes flow.end"),
        (["--state", "gone"], "gone is not a state of a request: use one of CONFIRMED"),
        (
            ["--field", "entrance=door"],
            "There is no entrance door: the entrances are partner, relay, webhook.",
        ),
        (["--field", "sender="], "sender= has no value"),
    ],
)
def test_an_unknown_name_is_refused_with_those_that_are_known(
    shop: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["list", *arguments]) == 2
    assert says in capsys.readouterr().err

    assert main(["list", *arguments, "--json"]) == 2
    assert says in json.loads(capsys.readouterr().err)["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--destination", "journey"],
        ["--field", "route=sales"],
        ["--topic", "order.paid"],
        ["--topic", "*"],
        ["--topic", "acw"],  # as tables show it
        ["--topic", "v2.users.presence"],  # as tables show it
        ["--topic", "v2.users.u1.presence"],
        ["--topic", "v2.detail.events.conversation.c1.acw"],
        ["--topic", "v2.detail.events.conversation.c1.flow.start"],
        ["--topic", "flow.start"],
        ["--topic", "v2.flows.f1.end"],
        ["--topic", "v2.flows.end"],
    ],
)
def test_a_known_name_is_looked_for(
    shop: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["list", *arguments]) == 0
    assert "No event in 0 items" in capsys.readouterr().out


def test_events_of_a_destination_that_was_removed_are_listed(
    shop: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    (batch,) = sealed([sealed_event("paid")], target=replace(TARGET, destination="removed"))
    delivered(shop, batch, "DONE", NOW_MS)

    assert main(["list", "--from", "2026-01-09T00:00Z", "--destination", "removed"]) == 0
    assert "1 event in" in capsys.readouterr().out


def test_names_are_not_checked_against_a_configuration_that_cannot_be_read(
    relay: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_relay: Relay) -> Configuration:
        raise OpsError("The code cannot be read.")

    monkeypatch.setattr("ops.deployed.configuration", unreadable)

    assert main(["list", "--destination", "step"]) == 0
    assert "No event in 0 items" in capsys.readouterr().out


def test_an_order_to_deliver_again_names_an_existing_route(
    shop: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    now_ms = CLOCK.now_ms()
    times = ["--from", iso(now_ms - 2 * HOUR_MS), "--to", iso(now_ms - HOUR_MS)]
    arguments = ["redeliver", *times, "--note", "n", "--route", "order", "--dry-run"]
    assert main(arguments) == 2
    assert "There is no route order" in capsys.readouterr().err


def options(command: Any, *path: str) -> Iterator[list[str]]:
    """Every command with one of its options that take a value; the parser's types are private."""
    for parameter in command.params:
        if parameter.opts[0].startswith("--") and not parameter.is_flag:
            yield [*path, parameter.opts[0]]
    for name, each in getattr(command, "commands", {}).items():
        yield from options(each, *path, name)


EVERY = list(options(typer.main.get_command(app)))


def test_there_are_options_to_try() -> None:
    assert len(EVERY) > 40


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
@pytest.mark.parametrize("value", [[""], [" "]], ids=["empty", "blank"])
def test_an_empty_value_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], value: list[str]
) -> None:
    for given in ([*arguments, *value], [*arguments[:-1], f"{arguments[-1]}={value[0]}"]):
        assert main(given) == 2
        said = capsys.readouterr().err
        assert said == f"{arguments[-1]} is empty: give it a value, or leave it out.\n"


def test_what_follows_two_dashes_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--", "--topic="]) == 2
    assert "is empty" not in capsys.readouterr().err
