"""The effects of a configuration: a name means one thing, and an effect is configured once."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import jmespath
from jmespath.exceptions import JMESPathError

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.patterns import overlap
from lambdas.relay.routes.route import Route
from stacks.schema.exclusion import exclude
from stacks.schema.expressions import roots


def check_names(what: str, named: Sequence[tuple[str, Sequence[str]]]) -> None:
    """A name used in claims must belong to one route or destination. Raises ValueError."""
    every = [name for current, former in named for name in (current, *former)]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise ValueError(
            f"the name {twice[0]!r} is used twice among the {what}s and their former names "
            "(formerly); expected a name of its own for each"
        )


#: what an item's id can be made of so that each route's is another (routes/mapping.py)
IDS = frozenset({"id", "id_v4"})


def check(routes: Sequence[Route]) -> None:
    """Two routes to one destination are two effects; configuring the same effect twice, or two
    under one id, is always a mistake. Raises ValueError."""
    for one, other in combinations(routes, 2):
        destination = one.destination
        if destination.name != other.destination.name or not any(
            overlap(a, b) for a in one.topics for b in other.topics
        ):
            continue
        if exclude(one.when, other.when):
            continue
        both = f"routes {one.name} and {other.name}"
        if _meaning(one.item) == _meaning(other.item):
            raise ValueError(
                f"{both} send the same events to destination {destination.name} as the same item, "
                "so each event would take effect twice; merge them into one route with the topics "
                "of both, or give them different items, or conditions (when) that exclude each "
                "other"
            )
        if one.when is not None and other.when is not None:
            continue  # the conditions may exclude each other
        for member in _shared_ids(one, other):
            raise ValueError(
                f"{both} give items that they make of the same events the same {member}, so "
                f"destination {destination.name} would take one for a copy of the other; leave "
                f"{member} out of their items, or make it differ by route"
            )


def _shared_ids(one: Route, other: Route) -> list[str]:
    """The ids that both items have, where a destination recognises copies by them: where a
    repetition changes nothing anyway, they name what is to be changed."""
    base = {} if one.destination.is_repeatable else one.destination.base
    return [
        name
        for name, own in base.items()
        if own in IDS
        and _meaning(one.item[name]) == _meaning(other.item[name])
        and isinstance(one.item[name], str)
        and IDS.isdisjoint(roots(one.item[name]))
    ]


def _meaning(item: Json) -> object:
    """An item by the meaning of its expressions, regardless of their spelling. An unreadable one
    is refused elsewhere."""
    match item:
        case str():
            try:
                return jmespath.compile(item).parsed
            except JMESPathError:
                return item
        case Mapping():
            return {name: _meaning(each) for name, each in item.items()}
        case Sequence():
            return [_meaning(each) for each in item]
        case _:
            return item
