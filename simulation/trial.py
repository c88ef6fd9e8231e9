"""One trial: a seed run and checked, reduced to what is worth sending between processes."""

import gc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulation.checker import Account, check
from simulation.deciders import DecidedWorld
from simulation.fault_plan import Kind
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.orders import OrderedWorld
from simulation.scenario import Scenario, WorldKind, draw, shows_repetition
from simulation.trace import Step, Trace
from simulation.tracked import TrackedWorld, Tracks, draw_tracked
from simulation.tracked_checker import check_tracked
from simulation.world import World

#: the prefix of reasons among the counts
REASON = "reason "
Functions = Mapping[str, Callable[[Instance], Function]]


@dataclass(frozen=True, slots=True)
class Trial:
    seed: int
    regime: str
    account: Account
    faults: Mapping[Kind, int]
    probes: Mapping[str, int]
    trace_hash: int
    steps: int
    #: points at which an invocation could have been killed
    points: int
    #: kept only for a failure
    last_steps: tuple[Step, ...]
    #: the kind of its world (kinds.py)
    kind: WorldKind = "full"

    @property
    def failed(self) -> bool:
        return bool(self.account.violations)


def run_scenario(
    scenario: Scenario,
    functions: Functions = FUNCTIONS,
    show: Callable[[Step], None] | None = None,
) -> Trial:
    is_ordered = scenario.redelivers and shows_repetition(scenario)
    ordered = OrderedWorld if is_ordered else World
    make = DecidedWorld if scenario.decides else ordered
    world = make(scenario, trace=Trace(show), functions=functions)
    return trial_of(check(world.run(), scenario.regime), world)


def run_seed(seed: int) -> Trial:
    return run_scenario(draw(seed))


def run_tracked_seed(
    seed: int,
    functions: Functions = FUNCTIONS,
    show: Callable[[Step], None] | None = None,
) -> Trial:
    return run_tracked_scenario(*draw_tracked(seed), functions, show)


def run_tracked_scenario(
    scenario: Scenario,
    tracks: Tracks,
    functions: Functions = FUNCTIONS,
    show: Callable[[Step], None] | None = None,
) -> Trial:
    """The same in the world of tracked requests, which has its own checker."""
    world = TrackedWorld(scenario, tracks, trace=Trace(show), functions=functions)
    return trial_of(check_tracked(world.run(), world), world)


def trial_of(account: Account, world: World) -> Trial:
    return Trial(
        seed=world.scenario.seed,
        regime=world.scenario.regime.name,
        account=account,
        faults=world.fault_plan.counts,
        probes=world.probes.counts,
        trace_hash=world.trace.hash,
        steps=world.trace.steps,
        points=world.scheduler.points,
        last_steps=tuple(world.trace.last) if account.violations else (),
    )


def prepare_process() -> None:
    """A run leaves little garbage in cycles: collecting it rarely saves a tenth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def total(counts: Counter[str], trial: Trial) -> None:
    """Adds up the accounts of trials."""
    account = trial.account
    counts.update({f"{REASON}{code}": number for code, number in account.reasons.items()})
    counts.update(
        runs=1,
        steps=trial.steps,
        events=account.published,
        delivered=account.delivered,
        parked=account.parked,
        rejected=account.rejected,
        quarantined=account.quarantined,
        unrouted=account.unrouted,
        not_taken=account.not_taken,
        lost=account.lost,
        doubled=account.doubled,
        undetected=account.undetected,
        renamed=account.renamed,
        forgotten=account.forgotten,
        redone=account.redone,
        closed=account.closed,
    )
