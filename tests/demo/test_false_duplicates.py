"""The account of a run against mistakes about what one event is.

A day goes through the product's own functions with such a mistake in them. The account, whose
numbers are outside everything that they read, must report it as what it is: an event that was taken
for a copy is lost, a copy that was taken for an event is a duplicate.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from demo.day import Day
from demo.run.account import Account, Left, settle
from demo.run.lines import Line
from lambdas.relay.entrances import identities
from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.functions import intake
from simulation.mutants.mutant import Mutant, applied
from simulator.organization import CONFIGURATION_ID
from stacks.schema.parsing import parse
from tests.unit.audited import World
from tests.unit.simulated import SOURCE

ITEM = {
    "identifiers": {"externalIds": [{"value": "identity", "externalSourceId": SOURCE}]},
    "attributes": {
        "detailType": "detail_type",
        "topic": "topic",
        "source": "source",
        "body": "to_string(body)",
    },
}
THERE = {
    "kind": "journey-external-events",
    "configuration_id": CONFIGURATION_ID,
    "item": ITEM,
}
CONFIGURATION = {
    "destinations": {"there": THERE},
    "routes": [{"name": "all", "destination": "there"}],
}


def day() -> list[Line]:
    """Part of a day: whole conversations, presences, the comings and goings of a queue, audits."""
    drawn = Day(Random(3)).published()
    states = [row for row in drawn if "conversation" not in row[1]["detail-type"]]
    calls = [row for row in drawn if "conversation" in row[1]["detail-type"]]
    chosen = {number for number, _ in calls[:60]} | {number for number, _ in states[:80]}
    return [Line(json.dumps(e), e, happening=n) for n, e in drawn if n in chosen]


def run(lines: Sequence[Line]) -> Account:
    """They are published one after another and carried to the simulated Genesys Cloud."""
    world = World(parse(CONFIGURATION))
    for place in range(0, len(lines), 10):
        world.arrive([line.document for line in lines[place : place + 10]])
        world.write_all()
    kept = [d for key, d in world.documents.items() if key.startswith("quarantine/")]
    review = [d for key, d in world.documents.items() if key.startswith("review/")]
    effects = [{"content": effect.content} for effect in world.platform.record.effects]
    return settle(lines, effects, Left(tuple(kept), tuple(review), (), ()))


def test_without_a_mistake_the_account_is_clean() -> None:
    account = run(day())
    assert account.is_clean, account
    assert account.delivered == account.unique == len({line.happening for line in day()})
    assert account.duplicates > 10


def by(identity: Callable[[Event], str]) -> Any:
    """Intake with another idea of what an event is."""

    def parsed(*said: Any) -> Event:
        event = parse_event(*said)
        return replace(event, identity=identity(event), payload_hash="same")

    return parsed


LOSES: dict[str, tuple[Any, str, Any]] = {
    "states do not return": (identities.Rules, "of", lambda rules, kind, body: "content"),
    "an event is its topic": (intake, "parse_event", by(lambda e: f"{e.topic}")),
    "an event is its conversation and type": (
        intake, "parse_event", by(lambda e: f"{e.conversation_id}{e.detail_type}"),
    ),
    "an event is its second": (
        intake, "parse_event", by(lambda e: f"{e.detail_type}{(e.occurred_at_ms or 0) // 1000}"),
    ),
    "an event is whose session it is": (
        intake,
        "parse_event",
        by(lambda e: f"{e.detail_type}{e.body.get('sessionId') or e.body.get('id') or e.identity}"),
    ),
}  # fmt: skip
DOUBLES: dict[str, tuple[Any, str, Any]] = {
    "an event is its envelope": (intake, "parse_event", by(lambda e: e.envelope_id)),
    "an event is when it was published": (
        identities.Rules, "of", lambda rules, kind, body: "content-and-time",
    ),
}  # fmt: skip


@pytest.mark.parametrize("patch", LOSES.values(), ids=LOSES)
def test_an_event_that_is_taken_for_a_copy_is_lost(patch: tuple[Any, str, Any]) -> None:
    with applied(Mutant("false duplicate", "", (patch,))):
        account = run(day())
    assert account.lost > 0
    assert not account.is_clean
    assert account.examples[0].startswith("lost: ")


@pytest.mark.parametrize("patch", DOUBLES.values(), ids=DOUBLES)
def test_a_copy_that_is_taken_for_an_event_is_a_duplicate(patch: tuple[Any, str, Any]) -> None:
    with applied(Mutant("false novelty", "", (patch,))):
        account = run(day())
    assert account.lost == 0
    assert account.duplicate_effects > 0
    assert not account.is_clean
