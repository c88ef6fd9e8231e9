"""The hunt for mutants: seeds, the known one first, until the checker finds a violation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, count

from lambdas.relay.kernel.limits import DAY_S
from simulation.corpus import known_seeds
from simulation.endless import NEVER
from simulation.functions import FUNCTIONS
from simulation.mutants.mutant import Mutant, applied
from simulation.scenario import FEW_RECEIVES, Scenario, draw, small, spared
from simulation.tracked import draw_tracked
from simulation.trial import Functions, Trial, run_scenario, run_tracked_scenario

#: what a mutant's own clumsiness could cause, and so no proof that the mistake was detected
CLUMSY = ("an unforeseen error", "the run did not come to rest")
#: a mistake can loop for ever, and a world with this many steps even without it shows nothing
STEPS_MAX = 30_000
#: messages of the writes queue per invocation, where a mutant regroups them
REGROUPED = 10


@dataclass(frozen=True, slots=True)
class Hunt:
    mutant: str
    #: seeds that were needed; None: it survived
    seeds: int | None
    seed: int
    #: what the checker reported
    said: str


def hunt(mutant: Mutant, first_seed: int, seeds_max: int) -> Hunt:
    """Looks for the mistake in the world of all events."""

    def run(seed: int, functions: Functions) -> Trial | None:
        scenario = draw(seed)
        if mutant.regimes and scenario.regime.name not in mutant.regimes:
            return None
        return run_scenario(_scenario(mutant, small(scenario)), functions)

    return _hunt(mutant, run, first_seed, seeds_max)


def hunt_tracked(mutant: Mutant, first_seed: int, seeds_max: int) -> Hunt:
    """The same in the world of tracked requests."""

    def run(seed: int, functions: Functions) -> Trial:
        scenario, tracks = draw_tracked(seed)
        staged = replace(tracks, **mutant.tracks)
        return run_tracked_scenario(_scenario(mutant, scenario), staged, functions)

    return _hunt(mutant, run, first_seed, seeds_max)


def _hunt(
    mutant: Mutant,
    run: Callable[[int, Functions], Trial | None],
    first_seed: int,
    seeds_max: int,
) -> Hunt:
    """`run` returns None for a seed whose world cannot show the mistake; it does not count."""
    functions = {
        verb: make
        for verb, make in {**FUNCTIONS, **mutant.functions}.items()
        if verb not in mutant.without
    }
    known = known_seeds().get(mutant.name)
    hunted = 0
    for seed in chain([] if known is None else [known], count(first_seed)):
        with applied(mutant):
            trial = run(seed, functions)
        if trial is None:
            continue
        hunted += 1
        said = objection(mutant, trial)
        # A failure proves the mistake only if the same world passes without it.
        if said and _is_good(run(seed, FUNCTIONS)):
            return Hunt(mutant.name, hunted, seed, said)
        if hunted == seeds_max:
            return Hunt(mutant.name, None, first_seed, "")
    raise AssertionError("there is always a next seed")


def _is_good(trial: Trial | None) -> bool:
    return trial is not None and not trial.failed


def _scenario(mutant: Mutant, scenario: Scenario) -> Scenario:
    scenario = spared(scenario)
    scenario = replace(scenario, steps_max=STEPS_MAX, deploy="none", ending=NEVER, sessions=0)
    scenario = replace(scenario, decides=False, redelivers=False)
    if mutant.regroups:
        scenario = replace(scenario, write_most=REGROUPED)
    if mutant.storm:
        scenario = replace(
            scenario,
            rates={**scenario.rates, **mutant.storm},
            receives_max=FEW_RECEIVES,
            faults_s=5 * DAY_S,
        )
    return mutant.stage(scenario)


def objection(mutant: Mutant, trial: Trial) -> str:
    if mutant.without:
        # A rival design has no records; only what became of the events counts.
        wanted = ("is lost", "took effect", "was doubled")
        said = [v for v in trial.account.violations if any(part in v for part in wanted)]
    else:
        said = [v for v in trial.account.violations if not v.startswith(CLUMSY)]
    return said[0] if said else ""
