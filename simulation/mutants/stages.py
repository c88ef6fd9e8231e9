"""Worlds that show mistakes which most worlds hide."""

from dataclasses import replace

from lambdas.relay.kernel.limits import HOUR_S, RECEIVES_MAX
from simulation.scenario import Scenario
from simulation.workload import Shares

#: so many events are odd that every request has some of them
_ODD = Shares(poison=0.15, odd=0.15, copies=0.2)


def some_items_fail(scenario: Scenario) -> Scenario:
    """Requests with several items, of which Genesys refuses some, each by itself."""
    conduct = replace(scenario.conduct, refuses="item")
    return replace(scenario, conduct=conduct, shares=_ODD, most_items=12)


def soon(scenario: Scenario) -> Scenario:
    """The same, and whatever happens to the whole world happens within the hour."""
    return replace(some_items_fail(scenario), faults_s=HOUR_S)


def few(scenario: Scenario) -> Scenario:
    """So few events that days of rate limits are simulated quickly."""
    return replace(scenario, events=10, told=0, states=0, sessions=0)


def told(scenario: Scenario) -> Scenario:
    """Most events come from applications."""
    return replace(scenario, events=10, told=30)


def odd(scenario: Scenario) -> Scenario:
    """Many unreadable events, and many copies."""
    return replace(scenario, shares=_ODD)


def recurring(scenario: Scenario) -> Scenario:
    """Things change and change back."""
    return replace(scenario, states=8)


def personal(scenario: Scenario) -> Scenario:
    """Conversations are known by telephone numbers; half of the events come again, and each
    instance takes few of them."""
    copied = Shares(poison=0.0, odd=0.0, copies=0.5)
    return replace(scenario, is_personal=True, shares=copied, intake_most=2, concurrency=4)


def pressed(scenario: Scenario) -> Scenario:
    """Requests wait for their turn, so that small batches are merged."""
    small = replace(scenario, most_items=6, intake_most=4, receives_max=RECEIVES_MAX)
    return replace(small, per_minute=10, concurrency=4, events=80)


def ordered(scenario: Scenario) -> Scenario:
    """A person orders a redelivery; of many events two routes make something."""
    rates = dict(scenario.rates)
    rates.pop("archive replayed", None)
    odd = Shares(poison=0.0, odd=0.6, copies=0.2)
    return replace(scenario, rates=rates, shares=odd, two_routes=True, redelivers=True, events=20)


def made(scenario: Scenario) -> Scenario:
    """Many events are made from Genesys' record, beside genuine ones."""
    return replace(scenario, events=4, told=0, states=0, sessions=14)
