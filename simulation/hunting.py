"""The hunt for mutants: seeds, one after another, until the checker objects."""

from dataclasses import dataclass, replace
from itertools import count

from lambdas.relay.kernel.limits import DAY_S
from simulation.functions import FUNCTIONS
from simulation.mutants.mutant import Mutant, applied
from simulation.scenario import FEW_RECEIVES, Scenario, draw
from simulation.trial import Trial, run_scenario

#: what a mutant's own clumsiness could cause: no proof that the mistake was seen
CLUMSY = ("an unforeseen error", "the run did not come to rest")
#: messages of the writes queue that one invocation takes, where a mutant regroups them
REGROUPED = 10


@dataclass(frozen=True, slots=True)
class Hunt:
    mutant: str
    #: seeds that were needed; None: it survived
    seeds: int | None
    seed: int
    #: what the checker said
    said: str


def hunt(mutant: Mutant, first_seed: int, seeds_max: int) -> Hunt:
    functions = {
        verb: make
        for verb, make in {**FUNCTIONS, **mutant.functions}.items()
        if verb not in mutant.without
    }
    hunted = 0
    for seed in count(first_seed):
        scenario = draw(seed)
        if mutant.regimes and scenario.regime.name not in mutant.regimes:
            continue
        if hunted == seeds_max:
            break
        hunted += 1
        scenario = _scenario(mutant, scenario)
        with applied(mutant):
            trial = run_scenario(scenario, functions)
        said = objection(mutant, trial)
        # Only a world in which the code without the mistake is good tells of the mistake.
        if said and not run_scenario(scenario).failed:
            return Hunt(mutant.name, hunted, seed, said)
    return Hunt(mutant.name, None, first_seed, "")


def _scenario(mutant: Mutant, scenario: Scenario) -> Scenario:
    if mutant.regroups:
        scenario = replace(scenario, write_most=REGROUPED)
    if mutant.storm:
        scenario = replace(
            scenario,
            rates={**scenario.rates, **mutant.storm},
            receives_max=FEW_RECEIVES,
            faults_s=5 * DAY_S,
        )
    return scenario


def objection(mutant: Mutant, trial: Trial) -> str:
    if mutant.without:
        # A design of its own has no records; only what became of the events counts.
        wanted = ("is lost", "took effect", "was doubled")
        said = [v for v in trial.account.violations if any(part in v for part in wanted)]
    else:
        said = [v for v in trial.account.violations if not v.startswith(CLUMSY)]
    return said[0] if said else ""
