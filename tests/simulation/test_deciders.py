"""A person decides cases at bad moments: what was decided holds, and nothing else happens."""

from collections import Counter
from dataclasses import replace
from multiprocessing.pool import Pool

import pytest

from lambdas.relay.review.resolution import Verdict
from simulation.checker import check
from simulation.deciders import VERDICTS, DecidedWorld
from simulation.decisions import Decided
from simulation.history import History
from simulation.scenario import Scenario, draw, draw_small, spared
from simulation.slips import Harm
from simulation.trial import Trial, run_scenario

SEEDS = range(1, 13)


def decided(seed: int) -> Scenario:
    """With more to decide than most worlds have."""
    drawn = spared(draw_small(seed))
    return replace(drawn, decides=True, shares=replace(drawn.shares, poison=0.1))


def run(seed: int) -> Trial:
    return run_scenario(decided(seed))


def test_every_event_is_accounted_for_whatever_a_person_decides(processes: Pool) -> None:
    done = list(processes.imap_unordered(run, SEEDS, chunksize=2))

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    counts = sum((Counter(trial.probes) for trial in done), Counter[str]())
    verdicts: tuple[Verdict, ...] = VERDICTS
    assert all(counts[f"person: {verdict}"] for verdict in verdicts)
    for change in ("REJECTED > SPLIT", "REJECTED > DISCARDED", "REJECTED > RECONCILED"):
        assert counts[f"record {change}"], change
    assert sum(trial.account.closed for trial in done)


def run_with_much_unreadable(seed: int) -> Trial:
    drawn = spared(draw(seed))
    return run_scenario(replace(drawn, decides=True, shares=replace(drawn.shares, odd=0.15)))


def test_what_is_quarantined_is_read_again_or_discarded_and_nothing_vanishes(
    processes: Pool,
) -> None:
    done = list(processes.imap_unordered(run_with_much_unreadable, SEEDS, chunksize=2))

    assert {trial.seed: trial.account.violations for trial in done if trial.failed} == {}
    counts = sum((Counter(trial.probes) for trial in done), Counter[str]())
    assert all(counts[f"person: {verdict}, a message"] for verdict in ("again", "discard"))


@pytest.fixture(scope="module")
def history() -> History:
    """A world in which an event was closed without an effect, and never decided otherwise."""
    for seed in SEEDS:
        history = DecidedWorld(decided(seed)).run()
        if history.decided.closed_ms.keys() - history.decided.again.keys():
            return history
    raise AssertionError("nothing was closed in any of these worlds")


def _checked(history: History) -> list[str]:
    return check(history, draw(SEEDS[0]).regime).violations


def test_what_nobody_decided_is_lost_without_an_effect(history: History) -> None:
    assert not [said for said in _checked(history) if "is lost" in said or "vanished" in said]

    undecided = _checked(replace(history, decided=Decided()))

    assert [said for said in undecided if "is lost" in said or "vanished" in said]


def test_what_was_closed_may_not_be_sent_afterwards(history: History) -> None:
    facts = {fact.number: fact for fact in history.facts if fact.times == 1}
    number = next(
        n
        for n in history.decided.closed_ms
        if n in facts and n not in history.decided.again and n not in history.forgotten.events
    )
    call = history.calls[0]
    late = replace(
        call, at_ms=history.decided.closed_ms[number] + 1, body=f'"evt-{number:05d}"'.encode()
    )
    sent = replace(history, calls=[*history.calls, late])

    said = f"event {number} was sent after a person had closed its case"
    assert said not in _checked(history)
    assert said in _checked(replace(sent, harm=Harm()))
    assert said not in _checked(replace(sent, harm=Harm(doctored={number})))
