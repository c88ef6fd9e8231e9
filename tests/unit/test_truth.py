"""Asking Genesys for the truth: under each key, and silence proves nothing."""

from dataclasses import replace

import pytest

from lambdas.relay.destinations.truth import Expectation, Truth, stands
from lambdas.relay.genesys.truth import NoAnswer, NotAskable, Shown, ask
from simulator.organization import CONTACT_LIST_ID
from tests.unit.kinds import section
from tests.unit.simulated import Simulated, configuration, envelope

CONTACTS = Truth(
    f"/api/v2/outbound/contactlists/{CONTACT_LIST_ID}/contacts/{{key}}",
    stands,
    lambda document: [document["id"]],
    is_of_item=True,
)


def asked(world: Simulated, *keys: str) -> object:
    """What Genesys says of the contacts under these ids."""
    expected = [Expectation(key, {}) for key in keys]
    return ask(CONTACTS, expected, "b", world.genesys(), world.telemetry)


@pytest.mark.parametrize(
    ("document", "comparison"),
    [
        ({"id": "a"}, "agrees"),
        ({}, "differs"),
        ([], "differs"),
        (["a"], "differs"),
        ("a", "differs"),
    ],
)
def test_only_an_object_that_says_something_shows_that_what_was_made_exists(
    document: object, comparison: str
) -> None:
    assert stands(document, {}) == comparison


def test_each_key_is_there_or_not() -> None:
    world = Simulated(configuration(section("outbound-contacts")))
    batch = world.batch([envelope(1)])
    (event,) = batch.events
    key = event.members["id"]
    assert asked(world, key) == [Shown(key, "absent")]
    world.genesys().post(batch, world.configuration.destinations["there"])
    shown = asked(world, key, "nobody")
    assert isinstance(shown, list)
    assert [(each.key, each.comparison) for each in shown] == [
        (key, "agrees"),
        ("nobody", "absent"),
    ]
    assert world.telemetry.counts["RecoveryQueries"] == 3


def test_no_answer_says_nothing_about_any_key() -> None:
    world = Simulated(configuration(section("outbound-contacts")))
    world.platform.outage(60, "503")
    assert isinstance(asked(world, "a", "b"), NoAnswer)


def test_without_a_truth_a_key_or_a_key_that_is_an_id_there_is_nothing_to_ask() -> None:
    world = Simulated(configuration(section("outbound-contacts")))
    assert asked(world) == NotAskable()
    assert asked(world, "") == NotAskable()
    assert asked(world, "../users/me") == NotAskable()
    expected = [Expectation("a", {})]
    assert ask(None, expected, "b", world.genesys(), world.telemetry) == NotAskable()
    assert not world.http.sent


def test_what_is_not_as_expected_ends_the_questions() -> None:
    world = Simulated(configuration(section("outbound-contacts")))
    (event,) = world.batch([envelope(1)]).events
    key = event.members["id"]
    batch = world.batch([envelope(1)])
    world.genesys().post(batch, world.configuration.destinations["there"])
    other = replace(CONTACTS, compare=lambda document, expected: "differs")
    expected = [Expectation(key, {}), Expectation("b", {})]
    shown = ask(other, expected, "b", world.genesys(), world.telemetry)
    assert isinstance(shown, list)
    assert [each.comparison for each in shown] == ["differs"]
