"""Death in the simulated world is final, and time is virtual."""

from random import Random

from simulation.fault_plan import FaultPlan
from simulation.memory.timeline import Timeline
from simulation.scheduler import Died, Ending, Raised, Returned, Scheduler
from simulation.trace import Trace


def _world(kills: frozenset[int] = frozenset()) -> tuple[Timeline, Scheduler]:
    timeline = Timeline(0)
    return timeline, Scheduler(timeline, FaultPlan(Random(1), {}), Trace(), kills)


def _run(timeline: Timeline) -> None:
    while timeline.step():
        pass


def test_two_invocations_take_turns() -> None:
    timeline, scheduler = _world()
    told: list[str] = []

    def body(name: str) -> None:
        for number in range(20):
            scheduler.step("call")
            told.append(f"{name}{number}")

    for name in ("a", "b"):
        scheduler.start(name, 60, lambda name=name: body(name), lambda ending: None)  # type: ignore[misc]
    _run(timeline)
    assert len(told) == 40
    assert told != sorted(told)


def test_a_dead_invocation_has_no_effects_not_even_in_finally() -> None:
    timeline, scheduler = _world(kills=frozenset({2}))
    effects: list[str] = []
    endings: list[Ending] = []

    def body() -> None:
        try:
            scheduler.step("call")
            effects.append("work")
        finally:
            scheduler.step("cleaning up")
            effects.append("clean")

    scheduler.start("f", 60, body, endings.append)
    _run(timeline)
    assert effects == []
    assert endings == [Died("crash")]
    assert scheduler.live == 0


def test_an_invocation_dies_at_its_timeout() -> None:
    timeline, scheduler = _world()
    endings: list[Ending] = []
    scheduler.start("f", 60, lambda: scheduler.wait("too long", 61), endings.append)
    _run(timeline)
    assert endings == [Died("timeout")]
    assert timeline.now_ms == 60_000


def test_it_reports_what_an_invocation_returned_or_raised() -> None:
    timeline, scheduler = _world()
    endings: list[Ending] = []
    error = ValueError("wrong")

    def fail() -> None:
        raise error

    scheduler.start("f", 60, lambda: 7, endings.append)
    scheduler.start("g", 60, fail, endings.append)
    _run(timeline)
    assert Returned(7) in endings
    assert Raised(error) in endings
