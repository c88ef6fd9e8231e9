"""What an environment configures of the domain: its destinations and its routes.

One document, read by the functions from `configuration.json` beside the code, and by the stack
at synthesis, so that what is wrong is said before anything is deployed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.entrances.events import ANY_PARTNER, Event, Reader
from lambdas.relay.entrances.identities import read_rules
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.kernel.breakers import Breakers
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.routes import effects
from lambdas.relay.routes.breakers import read_breakers
from lambdas.relay.routes.destinations import read_destination
from lambdas.relay.routes.route import Route, read_route
from lambdas.relay.routes.sections import flag, section_of


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


def parse(document: Mapping[str, Json]) -> Configuration:
    """Raises ValueError with one sentence that names the place."""
    destinations = {
        name: read_destination(name, section_of(section, f"destinations.{name}"))
        for name, section in section_of(document.get("destinations"), "destinations").items()
    }
    rows = document.get("routes")
    if not destinations or not isinstance(rows, list) or not rows:
        raise ValueError("the configuration needs at least one destination and one route")
    routes = tuple(
        read_route(
            section_of(row, f"routes[{number}]"),
            f"routes[{number}]",
            destinations,
            in_shadow=flag(document, "shadow", "relay"),
        )
        for number, row in enumerate(rows)
    )
    effects.check_names("destination", [(d.name, d.formerly) for d in destinations.values()])
    effects.check_names("route", [(route.name, route.formerly) for route in routes])
    effects.check([(r.name, r.destination.name, r.topics, r.item) for r in routes])
    former = {name: d for d in destinations.values() for name in d.formerly}
    return Configuration(
        {**destinations, **former},
        routes,
        _reader(document),
        _sender_types(document),
        read_breakers(document.get("breakers", {}), "breakers"),
    )


def _reader(document: Mapping[str, Json]) -> Reader:
    source = document.get("partner_event_source")  # the stack always names it
    if source is not None and not isinstance(source, str):
        raise ValueError(f"partner_event_source is {source!r}; it must be a source's name")
    return Reader(source, read_rules(document.get("identity", {}), "identity"))


def _sender_types(document: Mapping[str, Json]) -> Mapping[str, tuple[str, ...]]:
    table = section_of(document.get("sender_types", {}), "webhook.types")
    for sender, types in table.items():
        if not SENDER.fullmatch(sender):
            raise ValueError(
                f'webhook.types."{sender}" names no sender of the webhook: a name has 1 to 64 of '
                "a-z, 0-9, '.', '_' and '-', and does not begin with aws."
            )
        if not isinstance(types, list) or not all(isinstance(t, str) and t for t in types):
            raise ValueError(f'webhook.types."{sender}" must be a list of patterns of types')
    return {sender: tuple(types) for sender, types in table.items()}
