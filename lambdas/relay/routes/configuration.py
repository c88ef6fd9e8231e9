"""An environment's configuration of the domain: its destinations and its routes.

An environment's file is checked once, at synthesis (stacks/schema/), so that errors are reported
before anything is deployed. The functions load the result (`resolved`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.entrances.events import ANY_PARTNER, Event, Reader
from lambdas.relay.kernel.breakers import Breakers
from lambdas.relay.routes.route import Route


@dataclass(frozen=True, slots=True)
class Configuration:
    #: by every name, including former ones, which messages and records may still have
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]
    #: how envelopes are read: the source of Genesys Cloud, and the identity rules
    reader: Reader = ANY_PARTNER
    #: patterns of the types that a sender of the webhook may send; one not listed may send any
    sender_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    breakers: Breakers = field(default_factory=Breakers)
    #: whether each lane has its own queue
    has_lanes: bool = False

    def routes_of(self, event: Event) -> tuple[Route, ...]:
        """The routes whose topics match; their conditions are not evaluated."""
        return tuple(route for route in self.routes if route.lists(event.detail_type))

    def awaits(self, detail_type: str) -> bool:
        """Whether requests may cause events of this type, so that confirm needs such events."""
        return any(c.hears(detail_type) for c in self.confirmations.values())

    @property
    def confirmations(self) -> Mapping[str, Confirmation]:
        """By destination: how a later event shows that a request took effect."""
        return {
            name: replace(destination.awaited, writes=self._writes(destination))
            for name, destination in self.destinations.items()
            if destination.awaited is not None
        }

    def _writes(self, destination: Destination) -> frozenset[str] | None:
        """The names that its mappings write into the members that later events show; None if they
        are not known beforehand."""
        shows = destination.confirmation.shows if destination.confirmation is not None else ()
        items = [route.item for route in self.routes if route.destination is destination]
        shown = [item[name] for item in items for name in shows if name in item]
        if not all(isinstance(each, Mapping) for each in shown):
            return None
        return frozenset(name for each in shown for name in each)
