"""A deploy in the midst of a run: one function after the other gets another configuration, while
what runs ends as it began, and what the old ones made is still under way.

renamed: the destination and its routes bear new names, and say which they had before
remapped: items are made otherwise
removed: nobody wants any of it any more
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Literal, get_args

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import MINUTE_S
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route
from simulation.mappings import Pool

Deploy = Literal["none", "renamed", "remapped", "removed"]
DEPLOYS: tuple[Deploy, ...] = get_args(Deploy)
#: the share of the runs that see one
SHARE = 0.3
#: it begins within so many seconds, and takes at most so long from the first function to the last
BEGINS_WITHIN_S = 20 * MINUTE_S
TAKES_S = 3 * MINUTE_S


def drawn(seed: int) -> Deploy:
    """With a chance of its own, so that all else of a run is the same without it."""
    random = Random(f"deploy {seed}")
    return random.choice(DEPLOYS[1:]) if random.random() < SHARE else "none"


def after(deploy: Deploy, before: Configuration) -> Configuration:
    match deploy:
        case "none":
            return before
        case "renamed":
            new = {
                name: replace(destination, name=f"new-{name}", formerly=(name,))
                for name, destination in before.destinations.items()
            }
            by_name = {**{d.name: d for d in new.values()}, **new}
            routes = [_renamed(route, new[route.destination.name]) for route in before.routes]
            return replace(before, destinations=by_name, routes=tuple(routes))
        case "remapped":
            routes = [replace(route, item=_more(route.item)) for route in before.routes]
            return replace(before, routes=tuple(routes))
        case "removed":
            return replace(before, destinations={}, routes=())


def _renamed(route: Route, destination: Destination) -> Route:
    return replace(route, name=f"new {route.name}", destination=destination, formerly=(route.name,))


def _more(item: Json) -> Json:
    return {**item, "topic": "topic"}


def plan(
    seed: int,
    pools: Mapping[str, Pool],
    change: Callable[[Pool], None],
    later: Callable[[float, Callable[[], None]], None],
) -> None:
    """Each function at a time of its own."""
    random = Random(f"times of the deploy {seed}")
    begins_s = random.random() * BEGINS_WITHIN_S
    for pool in pools.values():
        later(
            begins_s + random.random() * TAKES_S,
            lambda pool=pool: change(pool),  # type: ignore[misc]
        )
