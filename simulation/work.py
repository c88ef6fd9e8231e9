"""Units of work, each small enough for one process and a short time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulation import hunting, kinds
from simulation.enumeration import SMALL, pairs, scenario_of, singles
from simulation.hunting import Hunt
from simulation.lines import Line, watched
from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.rivals.comparison import RIVALS, Outcome, compare
from simulation.scenario import WorldKind, draw
from simulation.trial import Trial, run_scenario, run_tracked_seed

#: seeds of the small worlds
SMALL_SEED = 7
#: worlds that a process runs at a time
AT_ONCE = 5

#: worlds of one kind: their seeds
Part = tuple[WorldKind, range]


@dataclass(frozen=True, slots=True)
class Enumerated:
    """The results of every crash in a part of a small world."""

    small: str
    singles: int
    pairs: int
    failed: tuple[str, ...]


def parts_of(kind: WorldKind, seeds: range) -> list[Part]:
    return [(kind, seeds[n : n + AT_ONCE]) for n in range(0, len(seeds), AT_ONCE)]


def run_worlds(part: Part) -> list[Trial]:
    kind, seeds = part
    return [kinds.run(kind, seed) for seed in seeds]


def run_restored(seed: int) -> Trial:
    scenario = draw(seed)
    return run_scenario(replace(scenario, rates={**scenario.rates, "ledger restored": 1.0}))


def enumerate_singles(index: int) -> Enumerated:
    small = SMALL[index]
    trials = list(singles(scenario_of(small, SMALL_SEED)))
    return Enumerated(small.name, len(trials), 0, _failures(trials))


def enumerate_pairs(part: tuple[int, int, int]) -> Enumerated:
    index, stride, offset = part
    small = SMALL[index]
    trials = list(pairs(scenario_of(small, SMALL_SEED), stride, offset))
    return Enumerated(small.name, 0, len(trials), _failures(trials))


def _failures(trials: list[Trial]) -> tuple[str, ...]:
    return tuple(trial.account.violations[0] for trial in trials if trial.failed)


def hunt_mutant(part: tuple[int, int, int]) -> Hunt:
    index, first_seed, seeds_max = part
    return hunting.hunt(MUTANTS[index], first_seed, seeds_max)


def hunt_tracked(part: tuple[int, int, int]) -> Hunt:
    index, first_seed, seeds_max = part
    return hunting.hunt_tracked(TRACKING[index], first_seed, seeds_max)


def compare_rival(part: tuple[int, str, int]) -> Outcome:
    index, regime, seed = part
    return compare(RIVALS[index], regime, seed)


def seen_lines(part: tuple[Sequence[int], frozenset[Line]]) -> set[Line]:
    seeds, wanted = part
    seen: set[Line] = set()
    functions = watched(wanted, seen)
    for seed in seeds:
        run_scenario(draw(seed), functions)
        run_tracked_seed(seed, functions)
    return seen
