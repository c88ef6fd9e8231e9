"""Trying a mapping: what an event would become, before anything is deployed."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.entrances.events import Event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.rendering import Rendered, rendered
from lambdas.relay.routes.route import Route


@dataclass(frozen=True, slots=True)
class Trial:
    """What one route makes of an event: an item, or the reason why there is none."""

    route: Route
    takes: bool
    made: Rendered | None
    reason: str


def tried(configuration: Configuration, event: Event) -> Sequence[Trial]:
    """Every route's result, in their order; exactly what intake would do."""
    return [_tried(route, event) for route in configuration.routes]


def _tried(route: Route, event: Event) -> Trial:
    if not route.lists(event.detail_type):
        topics = ", ".join(route.topics)
        return Trial(route, False, None, f"{event.detail_type} matches none of: {topics}")
    try:
        if not route.wants(event):
            return Trial(route, False, None, f"the event does not meet the condition: {route.when}")
        return Trial(route, True, rendered(route, event), "")
    except Malformed as malformed:
        return Trial(route, True, None, sentence(malformed.reason))
