"""The effects of a configuration: a name means one thing, and an effect is configured once."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import jmespath
from jmespath.exceptions import JMESPathError

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.patterns import overlap


def check_names(what: str, named: Sequence[tuple[str, Sequence[str]]]) -> None:
    """A name used in claims must belong to one route or destination. Raises ValueError."""
    every = [name for current, former in named for name in (current, *former)]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise ValueError(
            f"the name {twice[0]!r} is used twice among the {what}s and their former names "
            "(formerly); expected a name of its own for each"
        )


#: a route: its name, its destination's name, its topics and its item
Way = tuple[str, str, Sequence[str], Json]


def check(routes: Sequence[Way]) -> None:
    """Two routes to one destination are two effects; configuring the same effect twice is always a
    mistake. Raises ValueError."""
    for (one, destination, topics, item), other in combinations(routes, 2):
        is_same = destination == other[1] and _meaning(item) == _meaning(other[3])
        if is_same and any(overlap(a, b) for a in topics for b in other[2]):
            raise ValueError(
                f"routes {one} and {other[0]} send the same events to destination {destination} as "
                "the same item, so each event would take effect twice; merge them into one route "
                "with the topics of both, or give them different items"
            )


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
