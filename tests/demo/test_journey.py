"""The journey scenario: what the shop does, and a verdict that misses nothing."""

import copy
import json
from typing import Any

import pytest

from demo.run import journey, steps
from demo.run.lines import Line
from demo.run.sameness import what_it_says
from demo.run.steps import STEPS, WRONG, Attempt, attempt_of, attempts
from lambdas.relay.entrances import business

SEED = 1


@pytest.fixture
def made() -> list[Attempt]:
    return [attempt for line in attempts(SEED) if (attempt := attempt_of(line)) is not None]


def registered(made: list[Attempt]) -> list[dict[str, Any]]:
    """Genesys' record as it must be."""
    return [
        {
            "scope": "configuration",
            "content": {
                "dateCreated": when,
                "identifiers": {"externalIds": [{"value": customer}]},
                "attributes": {"step": step, "type": type_, "correlationId": process},
            },
        }
        for step, (customer, type_, when, process) in journey._expected(made).items()
    ]


def test_a_seed_is_a_story() -> None:
    assert [line.text for line in attempts(3)] == [line.text for line in attempts(3)]
    assert [line.text for line in attempts(3)] != [line.text for line in attempts(4)]


def test_steps_are_tried_several_times_over_both_entrances_and_over_broken_connections(
    made: list[Attempt],
) -> None:
    assert len(journey._expected(made)) == STEPS
    assert len(made) > 2 * STEPS
    assert {(attempt.entrance, attempt.connection) for attempt in made} == {
        ("bus", "held"), ("bus", "broke"), ("webhook", "held"), ("webhook", "broke")
    }  # fmt: skip
    by_step: dict[str, set[str]] = {}
    for attempt in made:
        by_step.setdefault(json.dumps(attempt.detail), set()).add(attempt.entrance)
    assert len(by_step) == STEPS + WRONG
    assert any(len(entrances) == 2 for entrances in by_step.values())


def test_the_last_attempt_at_each_step_holds() -> None:
    last = {}
    for line in attempts(SEED):
        attempt = attempt_of(line)
        assert attempt is not None
        last[json.dumps(attempt.detail)] = attempt.connection

    assert set(last.values()) == {"held"}


def test_attempts_are_numbered_by_their_step() -> None:
    lines = attempts(SEED)
    numbers = {line.happening for line in lines}
    told = {(line.happening, what_it_says(line.document)) for line in lines}

    assert numbers == {*range(STEPS), None}, "what is no event of the shop's has no number"
    assert len(told) == STEPS + WRONG


def test_a_line_of_somebody_else_is_no_attempt() -> None:
    assert attempt_of(Line("{", None)) is None
    assert attempt_of(Line("", {"source": steps.SENDER, "detail": {}, "resources": []})) is None


def test_steps_that_are_registered_once_and_unchanged_are_fine(made: list[Attempt]) -> None:
    assert journey._compare(made, registered(made)) == []


def test_a_step_that_is_missing_repeated_or_changed_is_a_complaint(made: list[Attempt]) -> None:
    good = registered(made)
    changed = copy.deepcopy(good)
    changed[7]["content"]["attributes"]["correlationId"] = "another"

    assert len(journey._compare(made, good[1:])) == 1
    assert len(journey._compare(made, [*good, good[5]])) == 1
    assert len(journey._compare(made, changed)) == 1
    assert "it must be there once" in journey._compare(made, [*good, good[5]])[0]


def test_what_the_shop_sends_over_the_bus_has_the_published_form(made: list[Attempt]) -> None:
    over_bus = [attempt.detail for attempt in made if attempt.entrance == "bus"]

    assert sum(business.problem(detail) is not None for detail in over_bus) == WRONG
