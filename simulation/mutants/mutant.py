"""What a mutant is, and how it takes its turn."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulation.fault_plan import Kind
from simulation.functions import Function, Instance
from simulation.scenario import Scenario


def as_drawn(scenario: Scenario) -> Scenario:
    return scenario


#: a storm: requests often take effect without an answer, and no 429 asks for hours
UNANSWERED: Mapping[Kind, float] = {"unanswered effect": 0.3, "429 hours": 0.0}

#: object, name of its attribute, what replaces it meanwhile
Patch = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    #: what the engineer thought
    mistake: str
    patches: tuple[Patch, ...] = ()
    #: whole functions that are other than ours
    functions: Mapping[str, Callable[[Instance], Function]] = field(default_factory=dict)
    #: the write function takes several messages at once
    regroups: bool = False
    #: functions that this design does without
    without: frozenset[str] = frozenset()
    #: faults that the mistake hides from where they are rare: hunted under so much of them, for
    #: days, and with few receives before a message is dead-lettered
    storm: Mapping[Kind, float] = field(default_factory=dict)
    #: regimes in which the mistake can matter; none named: all
    regimes: tuple[str, ...] = ()
    #: what else a world needs so that the mistake can show in it
    stage: Callable[[Scenario], Scenario] = as_drawn
    #: the same of what is drawn for tracking
    tracks: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """The production code with this mistake in it."""
    before = [(place, name, getattr(place, name)) for place, name, _ in mutant.patches]
    try:
        for place, name, replacement in mutant.patches:
            setattr(place, name, replacement)
        yield
    finally:
        for place, name, original in before:
            setattr(place, name, original)
