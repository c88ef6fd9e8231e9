"""Every crash point, singly and in pairs, in worlds small enough for that.

Modelled on ALICE and CrashMonkey: random faults find what takes many coincidences, but only
enumeration proves that no single crash, and no pair of crashes, was left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lambdas.relay.kernel.limits import HOUR_S
from simulation.fault_plan import Kind
from simulation.regimes import BY_NAME
from simulation.scenario import Scenario, calm
from simulation.trial import Trial, run_scenario
from simulation.workload import Shares

#: the faults besides the crashes
_UNANSWERED: Mapping[Kind, float] = {"unanswered effect": 0.5, "late effect": 0.2}
_TWICE: Mapping[Kind, float] = {"delivered twice": 0.3, "acknowledgement lost": 0.3}
_UNHEARD: Mapping[Kind, float] = {"put answer lost": 0.3, "post answer lost": 0.3}

EVENTS = 6
#: there are so few events that all must be interesting
ODD = Shares(poison=0.2, odd=0.3, copies=0.4)


@dataclass(frozen=True, slots=True)
class Small:
    """A small world: its name, its regime, its other faults, its special events."""

    name: str
    regime: str
    rates: Mapping[Kind, float]
    refuses: Literal["request", "item"] = "request"
    #: how many of the events applications send
    told: int = 0


SMALL: tuple[Small, ...] = (
    Small("calm", "honoured", {}),
    Small("calm, item by item", "honoured", {}, "item"),
    Small("answers lost", "honoured", _UNANSWERED),
    Small("answers lost, read back", "ignored, read back", _UNANSWERED),
    Small("answers lost, listed", "ignored", _UNANSWERED),
    Small("answers lost, 409", "answered 409", _UNANSWERED),
    Small("messages twice", "honoured", _TWICE),
    Small("events awaited", "tracked", _TWICE),
    Small("applications", "honoured", _UNHEARD, told=4),
)


def scenario_of(small: Small, seed: int) -> Scenario:
    regime = BY_NAME[small.regime]
    return replace(
        calm(seed, small.regime, EVENTS - small.told),
        told=small.told,
        conduct=replace(regime.conduct, refuses=small.refuses),
        rates=small.rates,
        most_items=3,
        concurrency=2,
        intake_most=4,
        faults_s=HOUR_S,
        publishing_s=60,
        regroups=True,
        shares=ODD,
    )


def singles(scenario: Scenario) -> Iterator[Trial]:
    """The run without a crash, then one run for each point at which an invocation can die."""
    first = run_scenario(scenario)
    yield first
    for point in range(1, first.points + 1):
        yield run_scenario(replace(scenario, kills=frozenset({point})))


def pairs(scenario: Scenario, stride: int, offset: int) -> Iterator[Trial]:
    """For each first crash, every possible second one. Takes every `stride`-th first crash from
    `offset` on, so that several processes share the work."""
    points = run_scenario(scenario).points
    for first in range(1 + offset, points + 1, stride):
        single = run_scenario(replace(scenario, kills=frozenset({first})))
        for second in range(first + 1, single.points + 1):
            yield run_scenario(replace(scenario, kills=frozenset({first, second})))
