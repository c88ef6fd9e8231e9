"""The simulation with each assumption about the platform true and false."""

import re
from collections import defaultdict
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from simulation import assumptions
from simulation.assumptions import ACTIVATION, FLAWS, STRICT, flipped
from simulation.scenario import Scenario, calm, draw, draw_small
from simulation.tracked import draw_tracked
from simulation.trial import run_scenario, run_tracked_scenario
from simulation.workload import Fact, item_of
from simulator.assumptions import Assumptions

PAGE = Path(__file__).parents[2] / "docs" / "assumptions.md"
DRAWN = {*FLAWS, ACTIVATION}
#: drawn in every world, and what draws it
ELSEWHERE = {
    "wrong_shape_refuses_all": "refuses",
    "brought_conversations_come_back": "echoes",
    "correlation_id_comes_back": "correlates",
}
SETTING_UP = {"definitions_have_their_schemas_id"}
SEEDS = range(1, 25)


def in_question(scenario: Scenario, seed: int) -> Scenario:
    """The same world, with assumptions of its own and enough flaws."""
    shares = replace(scenario.shares, poison=0.2)
    return replace(scenario, assumptions=flipped(seed), shares=shares)


def test_each_assumption_is_drawn_somewhere_and_the_page_says_where() -> None:
    assert {field.name for field in fields(Assumptions)} == DRAWN | ELSEWHERE.keys() | SETTING_UP
    page = PAGE.read_text("utf-8")
    drawn, _, rest = page[page.index("## In the simulation") :].partition("Others are drawn")
    others, _, last = rest.partition("One cannot")

    def named(text: str) -> set[str]:
        return set(re.findall(r"`(\w+)`", text))

    assert named(drawn.partition("\n\n")[2]) == DRAWN
    assert named(others) == {*ELSEWHERE, *ELSEWHERE.values()}
    assert named(last.partition("\n")[0]) == SETTING_UP


def test_what_is_drawn_elsewhere_is_drawn_both_ways() -> None:
    assert {draw(seed).conduct.refuses for seed in SEEDS} == {"request", "item"}
    assert {draw(seed).conduct.echoes for seed in SEEDS} == {True, False}
    assert {draw_tracked(seed)[1].correlates for seed in SEEDS} == {True, False}


def test_most_worlds_have_the_strict_ones() -> None:
    strict = [seed for seed in range(1, 401) if draw(seed).assumptions == STRICT]
    assert 350 < len(strict) < 400


def test_whatever_is_true_nothing_is_lost_or_doubled() -> None:
    values: dict[str, set[Any]] = defaultdict(set)
    violations: dict[int, list[str]] = {}
    delivered = rejected = 0
    for seed in SEEDS:
        scenario = in_question(draw_small(seed), seed)
        trial = run_scenario(scenario)
        delivered += trial.account.delivered
        rejected += trial.account.rejected
        for name, value in asdict(scenario.assumptions).items():
            values[name].add(value)
        if trial.failed:
            violations[seed] = trial.account.violations
    assert violations == {}
    assert delivered > 80
    assert rejected > 5
    assert all(values[name] == {True, False} for name in DRAWN)


def test_nor_with_tracked_requests() -> None:
    for seed in (1, 2, 3):
        scenario, tracks = draw_tracked(seed)
        trial = run_tracked_scenario(in_question(scenario, seed), tracks)
        assert trial.account.violations == []


def test_what_comes_before_its_activation_is_in_review() -> None:
    quiet = calm(1, "ignored", events=6)
    waits = replace(quiet, assumptions=replace(STRICT, activation_before_events=True))
    accounts = [run_scenario(each).account for each in (quiet, waits)]
    assert [(account.delivered, account.parked) for account in accounts] == [(6, 0), (0, 6)]
    assert [account.violations for account in accounts] == [[], []]


def test_a_flaw_that_genesys_accepts_must_take_effect() -> None:
    facts = [Fact(number, "poison", 1, item=item_of(number)) for number in range(len(FLAWS))]
    name = FLAWS[2]
    lenient = replace(STRICT, **{name: False})
    kinds = [fact.kind for fact in assumptions.judged(facts, lenient)]
    assert kinds == ["poison", "poison", "plain", "poison", "poison"]
    items = [{**item_of(number), "poison": True} for number in range(len(FLAWS))]
    assert [assumptions.refusing(lenient)(item) for item in items] == [
        kind == "poison" for kind in kinds
    ]
    assert not assumptions.refusing(STRICT)(item_of(1))
