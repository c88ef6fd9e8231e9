"""Whatever people do by hand ends in work, with a person, or as the runbook says; `make hands`."""

import pytest
from rich.console import Console

from lambdas.relay.kernel.limits import (
    GONE_AFTER_S,
    HOUR_S,
    MINUTE_S,
    OVERDUE_S,
    RECONCILE_EVERY_S,
)
from lambdas.relay.kernel.ports import Change, Guard
from simulation.hands.__main__ import DOUBLING, Cell, cell, show
from simulation.hands.acts import ACTS, PURGES
from simulation.hands.cases import CASES, DECISIONS, Decided, brought_to_case, decided
from simulation.hands.moments import CALLED, SUBJECTS, brought_to
from simulation.hands.outcomes import Outcome
from simulation.hands.world import EVENTS, RARELY_S

STEP, CALL = SUBJECTS
CELLS = [
    (subject, moment, act)
    for subject, (_, moments) in SUBJECTS.items()
    for moment in moments
    for act in ACTS
]
#: moments at which the ledger does not know the events yet, or not all of them
UNCLAIMED = ("published", "sealed", "recorded, not claimed")
IN_PART = "redriven in part, the rest days later"
IN_DOUBT = "tried, took effect, answer lost"
#: moments at which something has taken effect
TOOK_EFFECT = (IN_DOUBT, "split, its part waits", "done", *CALLED)
#: a call rings somebody's telephone, so an unknown outcome always goes to a person
UNSURE_CALLS = ("tried, no effect", "accepted, never happened")
#: a message is the only copy of what is claimed and neither delivered nor answered, and its record
#: decides whether it may be sent
TELLING = ("claimed", "tried, no effect", "split, its part waits", "accepted, never happened")
#: after this time a person has what nobody works on, and the alarm has rung long before
DAYS = ("purged", "its dead letters purged", "body edited")


def due(subject: str, moment: str, act: str) -> Outcome:
    """What is right in a cell."""
    is_without_effect = moment not in TOOK_EFFECT or moment in (*UNSURE_CALLS, "claimed")
    if act == DOUBLING:
        return "once" if is_without_effect else "twice"
    if act == "ledger restored to when it was claimed" and moment not in UNCLAIMED:
        return marked(subject, moment)
    if act in ("its records deleted", "ledger restored to before"):
        return "person" if moment in TELLING else "once"
    if act in PURGES and moment in UNCLAIMED:
        return "archive"
    if act == IN_PART and moment == "recorded, not claimed":
        return "person"  # who was asked after eight days, and has the message now
    if act == "body edited" and moment in UNCLAIMED:
        # An envelope is whatever its sender wrote; what intake has sealed has a checksum.
        return "as edited" if moment == "published" else "person"
    if subject == CALL:
        return "person" if moment in UNSURE_CALLS else "once"
    # This destination recognises neither key nor id: sent again, it is listed before it can take
    # effect twice.
    return "listed" if moment == IN_DOUBT else "once"


def marked(subject: str, moment: str) -> Outcome:
    """What was under way is in doubt: listed, or with a person where a telephone would ring."""
    if subject == CALL:
        return "person" if moment in (*UNSURE_CALLS, "claimed") else "once"
    return "listed" if moment in (IN_DOUBT, "split, its part waits", "done") else "once"


@pytest.mark.parametrize(("subject", "moment", "act"), CELLS)
def test_every_cell_is_right_and_in_time(subject: str, moment: str, act: str) -> None:
    found = cell(subject, moment, act)

    assert found.outcome == due(subject, moment, act)
    _is_in_time(found, moment, act)


def _is_in_time(found: Cell, moment: str, act: str) -> None:
    """Within two hours; what nobody works on rings the alarm within an hour and a quarter."""
    alarmed_within_s = OVERDUE_S + RECONCILE_EVERY_S + MINUTE_S
    if found.rested_s > alarmed_within_s:
        assert found.alarmed_s is not None
        assert found.alarmed_s <= alarmed_within_s
    nobodys = act in DAYS and moment == "recorded, not claimed"
    assert found.rested_s <= (GONE_AFTER_S + 2 * RARELY_S if nobodys else 2 * HOUR_S)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_moment_is_what_its_name_says(subject: str) -> None:
    """Its messages wait in its queue; an event that a call has caused finds timers in another."""
    configuration, moments = SUBJECTS[subject]
    for name, moment in moments.items():
        world = brought_to(configuration, moment)
        waiting = {queue for queue, stored in world.stored.items() if stored.messages}
        assert waiting - {"checks"} <= {moment.home}, name
        assert moment.home in waiting, name
        assert len(world.stored[moment.home].messages) >= 2, "so that a part of them is a part"


def due_of(case: str, decision: str) -> Decided:
    if case != "purged, nothing left of it":
        return "as decided"
    if decision.endswith("archive replayed"):
        return "replayed"
    verdicts = {"again", "happened", "discard"} & {*DECISIONS[decision]}
    return "waits" if verdicts == {"again"} else "as decided"


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("case", CASES)
def test_the_first_decision_holds(case: str, decision: str) -> None:
    assert decided(case, decision) == due_of(case, decision)


@pytest.mark.parametrize("case", CASES)
def test_a_case_waits_for_a_person_and_for_nothing_else(case: str) -> None:
    world = brought_to_case(case)

    assert world.is_at_rest()
    waiting = [item for item in world.table.items.values() if item.get("attention") == "review"]
    assert sum(len(item["events"]) for item in waiting) == EVENTS


def test_a_relay_that_forgets_what_it_could_not_send_is_detected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The table can fail: without the kept payloads a purge loses what was claimed."""
    monkeypatch.setattr("simulation.memory.vault.MemoryVault.keep", lambda *_: None)

    assert cell(STEP, "claimed", "purged").outcome == "archive"


@pytest.mark.parametrize(
    ("subject", "moment", "act", "belief"),
    [
        (STEP, "recorded, not claimed", IN_PART, "dedup.complete"),
        (CALL, "accepted, never happened", "its records deleted", "confirm.park_unrecorded"),
    ],
)
def test_a_relay_that_believes_that_somebody_else_has_it_is_detected(
    monkeypatch: pytest.MonkeyPatch, subject: str, moment: str, act: str, belief: str
) -> None:
    monkeypatch.setattr(f"lambdas.relay.functions.{belief}", lambda *_, **__: True)

    assert cell(subject, moment, act).outcome == "lost"


@pytest.mark.parametrize(
    ("subject", "moment"), [(STEP, "done"), (CALL, "accepted, no event comes")]
)
def test_a_restored_ledger_that_nobody_marked_is_detected(
    monkeypatch: pytest.MonkeyPatch, subject: str, moment: str
) -> None:
    unmarked = Guard(None), Change()
    monkeypatch.setattr("simulation.hands.acts.doubting", lambda: unmarked)

    assert cell(subject, moment, "ledger restored to when it was claimed").outcome == "twice"


def test_a_decision_that_claims_nothing_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdas.relay.review.resolution._claim_all", lambda *_: None)

    found = decided("given up before it was claimed", "discarded, then the archive replayed")
    assert found == "replayed"


def test_the_tables_are_printed_and_what_is_wrong_is_named() -> None:
    screen = Console(width=100, record=True)
    right, wrong = Cell("once", 60, None), Cell("lost", 3 * HOUR_S, HOUR_S)

    named = show(
        screen, "a step", "what somebody does", {"purged": {"sealed": right, "done": wrong}}
    )

    assert named == ["a step: done, purged: lost (3.0 h)"]
    said = screen.export_text()
    assert "purged" in said
    assert "lost (3.0 h)" in said
    twice = {DOUBLING: {"done": "twice"}, "purged": {"done": "twice"}}
    assert show(screen, "a step", "", twice) == ["a step: done, purged: twice"], "untold"
