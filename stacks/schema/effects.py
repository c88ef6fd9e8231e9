"""What a configuration means as effects: a name stands for one thing, an effect is meant once."""

from collections.abc import Sequence
from itertools import combinations

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.patterns import overlap


def check_names(what: str, named: Sequence[tuple[str, Sequence[str]]]) -> None:
    """What was claimed under a name belongs to one of them. Raises ValueError."""
    every = [name for current, former in named for name in (current, *former)]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise ValueError(
            f"the name {twice[0]!r} is used twice among the {what}s and their former names "
            "(formerly); expected a name of its own for each"
        )


#: a route: its name, its destination's, its topics and its item
Way = tuple[str, str, Sequence[str], Json]


def check(routes: Sequence[Way]) -> None:
    """Two routes to one destination are two effects; the same twice is meant by nobody. Raises
    ValueError."""
    for (one, destination, topics, item), other in combinations(routes, 2):
        is_same = (destination, item) == (other[1], other[3])
        if is_same and any(overlap(a, b) for a in topics for b in other[2]):
            raise ValueError(
                f"routes {one} and {other[0]} send the same events to destination {destination} as "
                "the same item, so that each would take effect twice; make them one route that "
                "lists the topics of both, or give them different items"
            )
