"""Mistakes that only show where something never works again (endless.py)."""

from collections.abc import Callable
from dataclasses import replace

from lambdas.relay.functions import attempt, overdue, redriving, write
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import RECEIVES_MAX
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition
from lambdas.relay.messages.sealing import Batch
from simulation import endless
from simulation.endless import Endless
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import some_items_fail
from simulation.scenario import Scenario
from simulation.workload import PLAIN

NEVER = 10**12


def _circle(batch: Batch, deps: attempt.Deps) -> Disposition:
    raise Transient(Code.NO_DESTINATION(batch.target.destination))


def _with(fault: Endless) -> Callable[[Scenario], Scenario]:
    ending = endless.ending_of(fault)
    return lambda scenario: replace(scenario, ending=ending, events=6, told=0, states=0)


def _calmly(scenario: Scenario) -> Scenario:
    """Nothing else goes wrong, so that more than a week is simulated quickly."""
    staged = replace(_with("limits")(scenario), rates={}, steps_max=60_000)
    return replace(staged, receives_max=RECEIVES_MAX, per_minute=300, shares=PLAIN)


def _removed(scenario: Scenario) -> Scenario:
    return replace(some_items_fail(scenario), deploy="removed")


ENDURING = (
    Mutant(
        "a request waits for a destination as long as it takes",
        "Its breaker is open, so there is nothing to do yet.",
        ((overdue, "GONE_AFTER_S", NEVER), (redriving, "GONE_AFTER_S", NEVER)),
        stage=_calmly,
        regimes=("honoured", "ignored", "ids honoured", "repeatable"),
    ),
    Mutant(
        "attempts are not counted",
        "Sooner or later it will answer.",
        ((attempt, "ATTEMPTS_MAX", NEVER),),
        stage=_with("fails"),
    ),
    Mutant(
        "redrives are not counted",
        "Whatever failed it, it will be mended.",
        ((redriving, "REDRIVES_MAX", NEVER), (redriving, "SENDINGS_ON_MAX", NEVER)),
        stage=_with("kills intake"),
    ),
    Mutant(
        "a split request of a removed destination circles",
        "Without a destination there is nothing to look at.",
        ((write, "unconfigured", _circle), (redriving, "SENDINGS_ON_MAX", NEVER)),
        stage=_removed,
    ),
)
