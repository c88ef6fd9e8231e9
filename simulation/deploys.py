"""A deploy in the middle of a run: one function after another gets a new configuration. Running
invocations end with the old one, and their messages and records are still in progress.

renamed: the destination and its routes get new names, with `formerly`
rolled back: the same, and then the old names return, without `formerly` for the new ones
forgotten: new names without `formerly`
remapped: items are built differently
smaller: a request holds fewer items
removed: no route takes the events any more
released: the previous release is replaced by the next one (releases.py), half of the time for good
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Literal, get_args

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import HOUR_S, MINUTE_S
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route
from simulation.mappings import Pool

Deploy = Literal[
    "none", "renamed", "rolled back", "forgotten", "remapped", "smaller", "removed", "released"
]
DEPLOYS: tuple[Deploy, ...] = get_args(Deploy)
#: those that keep the identity of tracked requests: docs/runbook.md promises no more
TRACKED: tuple[Deploy, ...] = ("renamed", "rolled back", "remapped", "smaller", "released")
#: the releases that are rolled back
UNDONE_SHARE = 0.5
#: the share of runs with a deploy
SHARE = 0.3
#: it begins within this time, and the functions change within at most this time (seconds)
BEGINS_WITHIN_S = 20 * MINUTE_S
TAKES_S = 3 * MINUTE_S
#: a roll-back happens within this time
BACK_WITHIN_S = HOUR_S


def drawn(seed: int, among: Sequence[Deploy] = DEPLOYS[1:]) -> Deploy:
    """Uses its own randomness, so that the rest of a run is the same without it."""
    random = Random(f"deploy {seed}")
    return random.choice(among) if random.random() < SHARE else "none"


def is_undone(deploy: Deploy, seed: int) -> bool:
    """Whether everything is soon back as it was."""
    if deploy == "released":
        return Random(f"undone {seed}").random() < UNDONE_SHARE
    return deploy == "rolled back"


def after(deploy: Deploy, before: Configuration) -> Configuration:
    match deploy:
        case "none" | "released":
            return before
        case "renamed" | "rolled back":
            new = _renamed(before)
            return replace(new, destinations={**new.destinations, **_by_former_name(new)})
        case "forgotten":
            new = _renamed(before)
            destinations = {n: replace(d, formerly=()) for n, d in new.destinations.items()}
            routes = [
                replace(route, destination=destinations[route.destination.name], formerly=())
                for route in new.routes
            ]
            return replace(new, destinations=destinations, routes=tuple(routes))
        case "smaller":
            smaller = {n: replace(d, most_items=1) for n, d in before.destinations.items()}
            routes = [
                replace(route, destination=smaller[route.destination.name])
                for route in before.routes
            ]
            return replace(before, destinations=smaller, routes=tuple(routes))
        case "remapped":
            routes = [replace(route, item=_more(route.item)) for route in before.routes]
            return replace(before, routes=tuple(routes))
        case "removed":
            return replace(before, destinations={}, routes=())


def _renamed(before: Configuration) -> Configuration:
    new = {
        name: replace(destination, name=f"new-{name}", formerly=(name,))
        for name, destination in before.destinations.items()
    }
    routes = [_renamed_route(route, new[route.destination.name]) for route in before.routes]
    return replace(before, destinations={d.name: d for d in new.values()}, routes=tuple(routes))


def _by_former_name(new: Configuration) -> dict[str, Destination]:
    return {former: d for d in new.destinations.values() for former in d.formerly}


def _renamed_route(route: Route, destination: Destination) -> Route:
    return replace(route, name=f"new {route.name}", destination=destination, formerly=(route.name,))


def _more(item: Json) -> Json:
    return {**item, "topic": "topic"}


def plan(
    seed: int,
    pools: Mapping[str, Pool],
    changes: Sequence[Callable[[Pool], None]],
    later: Callable[[float, Callable[[], None]], None],
) -> None:
    """One change after another; in each, every function changes at its own time."""
    random = Random(f"times of the deploy {seed}")
    begins_s = random.random() * BEGINS_WITHIN_S
    for change in changes:
        for pool in pools.values():
            later(begins_s + random.random() * TAKES_S, partial(change, pool))
        begins_s += TAKES_S + random.random() * BACK_WITHIN_S
