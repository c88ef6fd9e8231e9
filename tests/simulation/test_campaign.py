"""A campaign that saw nothing proves nothing: it says so."""

from collections import Counter

from simulation import kinds
from simulation.campaign import (
    FULL_FIRST,
    LINE_SEEDS_MAX,
    OWN_SHARES,
    PROBED_RUNS_MIN,
    Result,
    add,
    judge,
    shared_out,
)
from simulation.fault_plan import KINDS
from simulation.hunting import Hunt
from simulation.memory.faults import WIRE_FAULTS
from simulation.probes import EXPECTED, missing
from simulation.trial import REASON


def _complete(runs: int) -> Result:
    return Result(
        counts=Counter(events=40 * runs),
        faults=Counter(dict.fromkeys(KINDS, runs)),
        probes=Counter(dict.fromkeys(EXPECTED, 1)),
        on_the_wire=Counter(events=runs // 2, **dict.fromkeys(WIRE_FAULTS, runs // 50)),
    )


def test_a_campaign_that_saw_everything_is_good() -> None:
    result = _complete(PROBED_RUNS_MIN)
    judge(PROBED_RUNS_MIN, result)
    assert result.is_good


def test_a_fault_kind_that_never_struck_fails_it() -> None:
    for kind in KINDS:
        result = _complete(PROBED_RUNS_MIN)
        del result.faults[kind]
        judge(PROBED_RUNS_MIN, result)
        assert [kind in objection for objection in result.objections] == [True]


def test_a_fault_of_the_wire_that_never_struck_fails_it() -> None:
    """It strikes in the wired worlds only, and is judged by their events."""
    assert WIRE_FAULTS
    for fault in WIRE_FAULTS:
        result = _complete(PROBED_RUNS_MIN)
        del result.on_the_wire[fault]
        judge(PROBED_RUNS_MIN, result)
        assert result.objections == [f"the fault {fault!r} struck 0 times, not 1"]


def test_a_campaign_counts_the_faults_of_the_wire_and_of_no_other_world_apart() -> None:
    trial, result = kinds.run("wired", 1), Result()
    add(trial, result)
    assert result.on_the_wire["events"] == trial.account.published
    assert all(result.on_the_wire[fault] for fault in WIRE_FAULTS)
    assert not result.faults

    add(kinds.run("endless", 1), result)
    assert result.on_the_wire["events"] == trial.account.published


def test_a_probe_at_nought_fails_it() -> None:
    assert EXPECTED
    for probe in EXPECTED:
        result = _complete(PROBED_RUNS_MIN)
        del result.probes[probe]
        judge(PROBED_RUNS_MIN, result)
        assert result.objections == [f"never seen: {probe}"]
    assert missing(Counter()) == list(EXPECTED)


def test_a_line_of_the_protocol_that_never_ran_fails_it() -> None:
    result = _complete(LINE_SEEDS_MAX)
    result.unseen_lines = ["write.py:1: return"]
    judge(LINE_SEEDS_MAX, result)
    assert result.objections == ["never ran: write.py:1: return"]


def test_a_mutant_that_survived_fails_it() -> None:
    result = _complete(PROBED_RUNS_MIN)
    result.hunts = [Hunt("no lease", None, 1, "")]
    assert not result.is_good


def test_a_reason_that_occurs_too_often_fails_it() -> None:
    result = _complete(PROBED_RUNS_MIN)
    result.counts.update({f"{REASON}NOT_SENT_ON": 201})
    judge(PROBED_RUNS_MIN, result)
    assert result.objections == [
        "201 events were given to a person for the reason NOT_SENT_ON, not 200 at most"
    ]


def test_a_reason_that_has_no_bound_may_not_occur() -> None:
    result = _complete(PROBED_RUNS_MIN)
    result.counts.update({f"{REASON}UNHEARD_OF": 1})
    judge(PROBED_RUNS_MIN, result)
    assert not result.is_good


def test_a_long_campaign_has_mostly_small_worlds_and_runs_each_seed_once() -> None:
    for runs in (1, 7, 1_000, 1_001, 25_000):
        shared = shared_out(runs, 40)
        assert [*shared["full"], *shared["small"]] == list(range(40, 40 + runs))
        assert len(shared["full"]) >= min(runs, FULL_FIRST)
        assert all(len(seeds) >= 1 for kind, seeds in shared.items() if kind in OWN_SHARES)
    assert len(shared["small"]) > 3 * len(shared["full"])
