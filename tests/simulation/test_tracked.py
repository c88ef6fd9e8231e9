"""Tracked requests under faults: every record reaches the one state that its events require, and
each mistake about them is caught."""

from collections import Counter
from dataclasses import replace
from multiprocessing.pool import Pool

import pytest

from lambdas.relay.kernel.reasons import Code
from simulation.mutants.tracking import TRACKING
from simulation.trace import Trace
from simulation.tracked import ASSIGNED, CREATED, ENDED, Played, TrackedWorld, draw_tracked
from simulation.tracked_checker import Found, _judge, _judge_reviewed, check_tracked, run_tracked
from simulation.work import hunt_tracked

SEEDS = range(1, 81)
#: seeds that are tried after the one that is known to show a mistake
HUNTED_MAX = 120
#: what must have occurred, or the runs prove nothing
PROBES = (
    "metric Confirmed",
    "metric Held",
    "metric Released",
    "metric HoldsExpired",
    "metric Contradictions",
    "metric WindowsExpired",
    "metric RecoveryQueries",
    "metric Reconciled",
    "metric DuplicatesFound",
    "metric Resent",
    "metric Echoes",
    "metric OverdueTimeoutRecovery",
    "metric DeadLettersCleared",
    "record PENDING_EVENT > CONFIRMED",
    "record TIMEOUT_RECOVERY > CONFIRMED",
    "record RECONCILED > CONFIRMED",
    "record MANUAL_REVIEW > CONFIRMED",
    "record TIMEOUT_RECOVERY > RECONCILED",
    "record TIMEOUT_RECOVERY > SEALED",
    "record TIMEOUT_RECOVERY > MANUAL_REVIEW",
    "record OPEN > OPEN",
    "record AWAITING > MET",
    "deferred: ANSWER_OUT",
)
FAULTS = ("echo lost", "echo late", "echo repeated", "echo before answer")


def run(seed: int) -> tuple[int, list[str], dict[str, int], dict[str, int]]:
    account, world = run_tracked(seed)
    faults = {str(kind): count for kind, count in world.fault_plan.counts.items()}
    return seed, account.violations, dict(world.probes.counts), faults


@pytest.fixture(scope="module")
def runs(processes: Pool) -> list[tuple[int, list[str], dict[str, int], dict[str, int]]]:
    return list(processes.imap_unordered(run, SEEDS, chunksize=4))


@pytest.fixture(scope="module")
def hunted(processes: Pool) -> dict[str, str]:
    parts = [(n, 1, HUNTED_MAX) for n in range(len(TRACKING))]
    return {h.mutant: h.said for h in processes.imap_unordered(hunt_tracked, parts)}


def test_every_record_reaches_the_state_that_its_events_require(
    runs: list[tuple[int, list[str], dict[str, int], dict[str, int]]],
) -> None:
    assert {seed: said for seed, said, _, _ in runs if said} == {}


def test_everything_that_must_occur_has_occurred(
    runs: list[tuple[int, list[str], dict[str, int], dict[str, int]]],
) -> None:
    probes, faults = Counter[str](), Counter[str]()
    for _, _, seen, struck in runs:
        probes.update(seen)
        faults.update(struck)

    assert [name for name in PROBES if not probes[name]] == []
    assert [name for name in FAULTS if not faults[name]] == []


@pytest.mark.parametrize("name", [mutant.name for mutant in TRACKING])
def test_the_checker_objects_to(name: str, hunted: dict[str, str]) -> None:
    assert hunted[name]


def test_what_came_for_the_conversation_that_stays_is_not_waited_for() -> None:
    """Events of the cancelled one are not waited for, and do not count as having come."""
    reason = str(Code.HELD_IN_VAIN(ENDED, ASSIGNED))
    record = {"state": "MANUAL_REVIEW", "attempt": 2, "reason": reason, "duplicates": ["a", "a.2"]}

    def asked(conversation: str, **more: object) -> list[str]:
        played = [
            Played("b", "a", topic, lost=False, conversation=conversation)
            for topic in (CREATED, ASSIGNED)
        ]
        found = Found("b", {**record, **more}, ["a"], {"a": 2}, played, 0, "", "", {}, 0, False)
        return list(_judge_reviewed(found, reason, draw_tracked(1)[1]))

    assert asked("a.2") == []
    assert asked("a") == asked("a.2", duplicates=[]) == [f"waits for what has come: {reason}"]


@pytest.mark.parametrize("emptied", [True, False])
def test_a_person_has_what_was_heard_only_where_its_messages_were_taken(emptied: bool) -> None:
    played = [Played("b", "a", CREATED, lost=False)]
    found = Found("b", {"attempt": 2}, ["a"], {"a": 1}, played, 0, "", "", {}, 0, emptied)
    tracks = replace(draw_tracked(1)[1], until_end=False)

    def objections(code: Code) -> list[str]:
        return list(_judge_reviewed(found, str(code()), tracks))

    assert bool(objections(Code.ABANDONED)) == (not emptied)
    assert objections(Code.MAY_HAVE_TAKEN_EFFECT)


@pytest.mark.parametrize(("gone", "objects"), [('{"id": "a"}', False), ('{"id": "b"}', True)])
def test_an_event_that_was_purged_before_it_was_claimed_confirms_nothing(
    gone: str, objects: bool
) -> None:
    played = [Played("b", "a", CREATED, lost=False)]
    record = {"state": "RECONCILED", "attempt": 1}
    found = Found("b", record, ["a"], {"a": 1}, played, 0, "", gone, {}, 0, False)
    tracks = replace(draw_tracked(1)[1], until_end=False, key="ours")
    assert bool(list(_judge(found, tracks))) == objects


def test_a_seed_is_one_execution() -> None:
    hashes = []
    for _ in range(2):
        scenario, tracks = draw_tracked(5)
        trace = Trace()
        TrackedWorld(scenario, tracks, trace=trace).run()
        hashes.append(trace.hash)

    assert hashes[0] == hashes[1]


def test_without_faults_every_request_is_confirmed_by_its_event() -> None:
    for seed in range(1, 7):
        scenario, tracks = draw_tracked(seed)
        calm = replace(
            scenario, rates={}, shares=replace(scenario.shares, poison=0.0, odd=0.0, copies=0.0)
        )
        world = TrackedWorld(calm, replace(tracks, forgotten=0.0, contradicted=0.0, shared=0.0))
        account = check_tracked(world.run(), world)
        states = Counter(
            item["state"]
            for (_, sk), item in world.table.items.items()
            if sk == "R" and item["attempt"] > 0
        )

        assert account.violations == []
        assert set(states) == {"CONFIRMED"}
        # One request for each event, no question, and no wait except for the window's timer.
        assert world.probes.counts["metric RecoveryQueries"] == 0
