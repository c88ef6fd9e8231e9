"""Mistakes in single transitions: each leaves a record that no longer says what it must."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lambdas.relay.correlation import recovery
from lambdas.relay.functions import attempt, overdue
from lambdas.relay.kernel.ports import Change, Guard
from lambdas.relay.requests import sending, tracking
from lambdas.relay.review import cases
from simulation.mutants.mutant import Mutant

Transition = Callable[..., tuple[Guard, Change]]


def _without(transition: Transition, name: str) -> Transition:
    """The same, but this attribute is not written."""

    def mistaken(*given: Any, **named: Any) -> tuple[Guard, Change]:
        guard, change = transition(*given, **named)
        put = {each: value for each, value in change.put.items() if each != name}
        return guard, replace(change, put=put)

    return mistaken


def _kept(transition: Transition, name: str) -> Transition:
    """The same, but this attribute is not removed."""

    def mistaken(*given: Any, **named: Any) -> tuple[Guard, Change]:
        guard, change = transition(*given, **named)
        return guard, replace(change, drop=change.drop - {name})

    return mistaken


TRANSITIONS = (
    Mutant(
        "final records stay for ever",
        "Nobody asks for them, so nobody need delete them.",
        ((attempt, "settling", _without(sending.settling, "expires_at")),),
    ),
    Mutant(
        "a request is parked where nobody looks",
        "Its state says that a person has it.",
        ((cases, "parking", _without(sending.parking, "attention")),),
        storm={"429 hours": 0.2, "mapping paused": 0.9},
    ),
    Mutant(
        "what a writer parks is nobody's case",
        "It has the state, and the list is only an index.",
        ((attempt, "settling", _without(sending.settling, "attention")),),
    ),
)

#: hunted in the tracked world
OF_TRACKED = (
    Mutant(
        "a request that is sent again is still awaited",
        "Its event will come whenever it comes.",
        ((overdue, "reopening", _without(tracking.reopening, "state")),),
    ),
    Mutant(
        "a person's case expires",
        "It had been final before.",
        ((recovery, "reviewing", _kept(tracking.reviewing, "expires_at")),),
    ),
    Mutant(
        "a person has it, and nobody knows why",
        "The document in the vault says it.",
        ((recovery, "reviewing", _without(tracking.reviewing, "reason")),),
    ),
)
