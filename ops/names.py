"""Names that a person gives and the deployed configuration does not know."""

import re
from collections.abc import Iterable, Sequence

from lambdas.relay.kernel.patterns import overlap
from lambdas.relay.routes.configuration import Configuration
from ops import deployed
from ops.connection import Relay
from ops.errors import EXPECTED, OpsError

#: what tables leave out of topics (ops/trace.py::short_topic), as a pattern
LEFT_OUT = "v2.detail.events.conversation.*."
PLACE = re.compile(r"\{[^}]*\}")


def check(relay: Relay, destination: str, topic: str, route: str) -> None:
    """Raises OpsError for a name that is unknown, with those that are known; "" is not checked.
    Former names are known. Where the configuration cannot be read, nothing is checked."""
    if not (destination or topic or route):
        return
    try:
        known = deployed.configuration(relay)
    except EXPECTED:
        return
    if destination:
        _check("destination", destination, known.destinations)
    if route:
        _check("route", route, [name for one in known.routes for name in one.names])
    if topic and not _is_taken(topic, known):
        taken = sorted({pattern for one in known.routes for pattern in one.topics})
        raise OpsError(f"No route takes {topic}: the routes take {', '.join(taken) or 'nothing'}.")


def _check(what: str, name: str, known: Iterable[str]) -> None:
    names: Sequence[str] = sorted(set(known))
    if name not in names:
        raise OpsError(f"There is no {what} {name}: the {what}s are {', '.join(names) or 'none'}.")


def _is_taken(topic: str, known: Configuration) -> bool:
    """Whether some route takes a topic of this pattern, or one that tables show so. Routes name
    types, in which a place such as {id} stands for what topics have there."""
    patterns = [PLACE.sub("*", pattern) for route in known.routes for pattern in route.topics]
    shown = [pattern.replace("*.", "") for pattern in patterns]
    said = [topic] if "*" in topic else [topic, LEFT_OUT + topic]
    return any(overlap(one, pattern) for one in said for pattern in (*patterns, *shown))
