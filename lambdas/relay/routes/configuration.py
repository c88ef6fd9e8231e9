"""What an environment configures of the domain: its destinations and its routes.

An environment's file is checked once, at synthesis (stacks/schema/), so that what is wrong is said
before anything is deployed. The functions load what was made of it (`resolved`).
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
    #: by each of their names, former ones as well: messages and records may yet bear those
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]
    #: who Genesys is, and by what its events are known
    reader: Reader = ANY_PARTNER
    #: patterns of the types that a webhook's sender may send; who is not named may send any
    sender_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    breakers: Breakers = field(default_factory=Breakers)
    #: each lane has a queue of its own
    has_lanes: bool = False

    def routes_of(self, event: Event) -> tuple[Route, ...]:
        """Those whose topics have it; whether they want it is a question to each."""
        return tuple(route for route in self.routes if route.lists(event.detail_type))

    def awaits(self, detail_type: str) -> bool:
        """Whether requests may have caused events of this type, so that they are to be heard."""
        return any(c.hears(detail_type) for c in self.confirmations.values())

    @property
    def confirmations(self) -> Mapping[str, Confirmation]:
        """By destination: how later events tell that a request took effect."""
        return {
            name: replace(destination.awaited, writes=self._writes(destination))
            for name, destination in self.destinations.items()
            if destination.awaited is not None
        }

    def _writes(self, destination: Destination) -> frozenset[str] | None:
        """What its mappings write into the members that later events show; None: they do not say
        beforehand."""
        shows = destination.confirmation.shows if destination.confirmation is not None else ()
        items = [route.item for route in self.routes if route.destination is destination]
        shown = [item[name] for item in items for name in shows if name in item]
        if not all(isinstance(each, Mapping) for each in shown):
            return None
        return frozenset(name for each in shown for name in each)
