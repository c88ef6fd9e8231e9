"""A deploy in the midst of a run: one function after the other gets another configuration, while
what runs ends as it began, and what the old ones made is still under way.

renamed: the destination and its routes bear new names, and say which they had before
rolled back: the same, and then the old names come back, without a word of the new ones
forgotten: new names, and nothing says which they had before
remapped: items are made otherwise
smaller: a request holds fewer items
removed: nobody wants any of it any more
released: the release before goes and the next one comes (releases.py), half of the time for good
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
#: those that leave what tracked requests are known by: docs/runbook.md promises no more
TRACKED: tuple[Deploy, ...] = ("renamed", "rolled back", "remapped", "smaller", "released")
#: of the new releases, those that are rolled back
UNDONE_SHARE = 0.5
#: the share of the runs that see one
SHARE = 0.3
#: it begins within so many seconds, and takes at most so long from the first function to the last
BEGINS_WITHIN_S = 20 * MINUTE_S
TAKES_S = 3 * MINUTE_S
#: what is rolled back, is so within this time
BACK_WITHIN_S = HOUR_S


def drawn(seed: int, among: Sequence[Deploy] = DEPLOYS[1:]) -> Deploy:
    """With a chance of its own, so that all else of a run is the same without it."""
    random = Random(f"deploy {seed}")
    return random.choice(among) if random.random() < SHARE else "none"


def is_undone(deploy: Deploy, seed: int) -> bool:
    """Whether all is again as it was, before long."""
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
    """One change after the other, and in each of them each function at a time of its own."""
    random = Random(f"times of the deploy {seed}")
    begins_s = random.random() * BEGINS_WITHIN_S
    for change in changes:
        for pool in pools.values():
            later(begins_s + random.random() * TAKES_S, partial(change, pool))
        begins_s += TAKES_S + random.random() * BACK_WITHIN_S
