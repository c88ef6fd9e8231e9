"""The states of a request as data: the transitions keep to them, the picture is drawn from them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests import resolving, sending, tracking
from lambdas.relay.requests.ordering import Applied, Ordering
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.states import (
    FINAL,
    PARKED,
    STATES,
    TRANSITIONS,
    State,
    diagram,
    objections,
)
from tests.unit.batches import NOW_MS, batch_of
from tests.unit.tracked import CONFIRMATION

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
SEALED: Item = sending.sealed_item(batch_of("a"), NOW_MS)
EMPTY_WALK = Ordering({}, ())
APPLIED = Applied(EMPTY_WALK, ())

Transition = tuple[Guard, Change]


def opened(record: Record) -> sending.Opened:
    return sending.Opened(record.batch_id, record.attempt, "me", NOW_MS, None, record.history, 0, 0)


#: by name, as each is made for a record in some state
MADE: Mapping[str, Callable[[Record], list[Transition]]] = {
    "opening": lambda r: [sending.opening(NOW_MS, NOW_MS + 1, "me")],
    "releasing": lambda r: [sending.releasing(opened(r), NOW_MS, Code.QUOTED("why"))],
    "reposting": lambda r: [sending.reposting(opened(r))],
    "noting": lambda r: [sending.noting(opened(r), NOW_MS, Code.QUOTED("why"))],
    "settling": lambda r: [
        sending.settling(opened(r), state, NOW_MS, Code.QUOTED("why"))
        for state in leading_from("settling", "OPEN")
    ],
    "emptying": lambda r: [sending.emptying(NOW_MS)],
    "parking": lambda r: [sending.parking(NOW_MS, Code.QUOTED("why"))],
    "hearing": lambda r: [
        tracking.hearing(
            r, APPLIED, NOW_MS, event="it", conversation_id="", is_evidence=True, is_complete=done
        )
        for done in (False, True)
    ],
    "accepting": lambda r: [tracking.accepting(r, NOW_MS, CONFIRMATION)],
    "completing": lambda r: [tracking.completing(r, NOW_MS)],
    "stretching": lambda r: [tracking.stretching(r, NOW_MS, 1)],
    "recovering": lambda r: [tracking.recovering(r, NOW_MS, Code.QUOTED("why"))],
    "asking_again": lambda r: [tracking.asking_again(r, NOW_MS, 1, Code.QUOTED("why"))],
    "reconciling": lambda r: [tracking.reconciling(r, EMPTY_WALK, NOW_MS, Code.QUOTED("why"))],
    "reopening": lambda r: [tracking.reopening(r, NOW_MS, Code.QUOTED("why"))],
    "reviewing": lambda r: [tracking.reviewing(r, NOW_MS, Code.QUOTED("why"), locked=False)],
    "listing": lambda r: [tracking.listing(r, NOW_MS, Code.QUOTED("why"), event="e")],
    "postponing": lambda r: [tracking.postponing(r, NOW_MS // 1000)],
    "resolving": lambda r: (
        [
            resolving.resolving(r, state, NOW_MS, "me", Code.QUOTED("why"))
            for state in leading_from("resolving", "MANUAL_REVIEW")
            if state != "SPLIT"
        ]
        + [resolving.continuing(r, NOW_MS, "me", Code.QUOTED("why"), {"batch_id": "b"})]
    ),
    "doubting": lambda r: [sending.doubting()],
    "concluding": lambda r: [resolving.concluding(NOW_MS)],
}


def leading_from(name: str, state: State) -> list[State]:
    return [
        t for row in TRANSITIONS if row.name == name and state in row.sources for t in row.targets
    ]


def in_state(state: State) -> Item:
    return {**SEALED, "state": state, "attempt": 1, "holder": "me"}


@pytest.mark.parametrize("name", MADE)
def test_a_transition_leads_where_the_table_says(name: str) -> None:
    """From each state that the table names, its guard lets it pass, and only to where it may go."""
    rows = [row for row in TRANSITIONS if row.name == name]
    for state in {source for row in rows for source in row.sources}:
        for guard, change in MADE[name](Record.of(in_state(state))):
            assert guard.states is not None
            assert state in guard.states, state
            after = change.put.get("state", state)
            assert any(row.leads(state, after) for row in rows), (state, after)


def test_every_transition_is_in_the_table() -> None:
    assert {row.name for row in TRANSITIONS} == MADE.keys()


def test_every_state_can_be_reached_and_every_final_one_is_an_end() -> None:
    reached = {"SEALED", "MERGED", "REJECTED"} | {t for row in TRANSITIONS for t in row.targets}

    assert reached == STATES
    ends = STATES - {
        s for row in TRANSITIONS for s in row.sources if row.targets and row.name != "reviewing"
    }
    assert ends <= FINAL


UNSOUND: Mapping[str, tuple[Item | None, Mapping[str, Any], str]] = {
    "a way that is none": (in_state("SEALED"), {"state": "DONE", "expires_at": 1}, "no transition"),
    "final for ever": (in_state("OPEN"), {"state": "DONE"}, "so it expires"),
    "expiring while open": (None, {"expires_at": 1}, "does not expire"),
    "forgotten": (None, {"attention": ""}, "on somebody's list"),
    "parked in secret": (None, {"state": "REJECTED", "reason": "why"}, "a person's list"),
    "parked for no reason": (None, {"state": "REJECTED", "attention": "review"}, "says why"),
    "awaited without an answer": (in_state("OPEN"), {"state": "PENDING_EVENT"}, "accepted"),
    "under a lease, sure of itself": (
        in_state("SEALED"),
        {"state": "OPEN", "attempt": 1, "holder": "me", "lease_until_ms": NOW_MS},
        "unknown outcome",
    ),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_an_unsound_record_is_reported(case: str) -> None:
    old, changed, said = UNSOUND[case]

    assert any(said in objection for objection in objections(old, {**SEALED, **changed}))


def test_a_record_as_dedup_writes_it_is_sound() -> None:
    assert list(objections(None, SEALED)) == []
    assert PARKED.isdisjoint(FINAL)


def test_the_picture_in_the_documents_is_the_one_that_the_table_draws() -> None:
    assert f"```mermaid\n{diagram()}\n```" in ARCHITECTURE.read_text("utf-8"), (
        "put the output of lambdas.relay.requests.states.diagram() into docs/architecture.md"
    )
