"""Worlds in which a mistake can show that most worlds hide."""

from dataclasses import replace

from lambdas.relay.kernel.limits import HOUR_S, RECEIVES_MAX
from simulation.scenario import Scenario
from simulation.workload import Shares

#: so much is odd that every request has something of it
_ODD = Shares(poison=0.15, odd=0.15, copies=0.2)


def some_items_fail(scenario: Scenario) -> Scenario:
    """Requests of several items of which Genesys refuses some, each by itself."""
    conduct = replace(scenario.conduct, refuses="item")
    return replace(scenario, conduct=conduct, shares=_ODD, most_items=12)


def soon(scenario: Scenario) -> Scenario:
    """The same, and what befalls the whole befalls it within the hour."""
    return replace(some_items_fail(scenario), faults_s=HOUR_S)


def few(scenario: Scenario) -> Scenario:
    """So few events that days of rate limits are soon told."""
    return replace(scenario, events=10, told=0, states=0, sessions=0)


def told(scenario: Scenario) -> Scenario:
    """Most of it is said by applications."""
    return replace(scenario, events=10, told=30)


def odd(scenario: Scenario) -> Scenario:
    """Much that nobody can read, and much that comes twice."""
    return replace(scenario, shares=_ODD)


def recurring(scenario: Scenario) -> Scenario:
    """Things change and change back."""
    return replace(scenario, states=8)


def personal(scenario: Scenario) -> Scenario:
    """Conversations are known by telephone numbers; half of what comes, comes again, and each
    instance takes little of it."""
    copied = Shares(poison=0.0, odd=0.0, copies=0.5)
    return replace(scenario, is_personal=True, shares=copied, intake_most=2, concurrency=4)


def pressed(scenario: Scenario) -> Scenario:
    """Requests wait for their turn, so that small batches are merged."""
    small = replace(scenario, most_items=6, intake_most=4, receives_max=RECEIVES_MAX)
    return replace(small, per_minute=10, concurrency=4, events=80)


def made(scenario: Scenario) -> Scenario:
    """Much is made of Genesys' record, beside genuine events."""
    return replace(scenario, events=4, told=0, states=0, sessions=14)
