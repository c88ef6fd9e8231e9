"""Everything of an environment that the functions use, such as destinations and routes: its
tables, and the configuration that they become."""

from collections.abc import Mapping

from pydantic import Field, JsonValue

from lambdas.relay.entrances.events import Reader
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.routes.configuration import Configuration
from stacks.schema import effects
from stacks.schema.breakers import Breakers, breakers_of
from stacks.schema.destinations import read_destination
from stacks.schema.identity import RULES_FORM, Stated, rules_of
from stacks.schema.routes import RouteTable, route_of
from stacks.schema.senders import TYPES_FORM, Types
from stacks.tables import Name, Table, validated


class Routing(Table):
    """The tables of an environment that say what happens to events."""

    #: validated by each destination's kind (destinations.py)
    destinations: dict[Name, dict[str, JsonValue]] = Field(
        min_length=1,
        description="at least one table [destinations.<name>], "
        "named with lower-case letters, digits, - and _",
    )
    routes: tuple[RouteTable, ...] = Field(
        min_length=1, description="at least one table [[routes]]"
    )
    breakers: Breakers = Field(
        default=Breakers(),
        description="tables [breakers.destination], [breakers.ledger] and [breakers.silence]",
    )
    identity: Stated = Field(default={}, description=RULES_FORM)


class Whole(Routing):
    """The same, with what the functions take from other tables, in one document."""

    partner_event_source: str | None = Field(
        default=None, description="the name of a partner event source"
    )
    shadow: bool = Field(default=False, description="true or false")
    lanes: bool = Field(default=False, description="true or false")
    sender_types: Types = Field(default={}, description=TYPES_FORM)


def parse(document: Mapping[str, Json]) -> Configuration:
    """Parse a whole document. Raises ValueError with one sentence that names the place."""
    said = validated(Whole, document)
    return configuration_of(
        said,
        partner_source=said.partner_event_source,
        sender_types=said.sender_types,
        in_shadow=said.shadow,
        has_lanes=said.lanes,
    )


def configuration_of(
    said: Routing,
    *,
    partner_source: str | None,
    sender_types: Types,
    in_shadow: bool,
    has_lanes: bool,
) -> Configuration:
    """Fit the tables together. Raises ValueError with one sentence that names the place."""
    destinations = {
        name: read_destination(name, section) for name, section in said.destinations.items()
    }
    routes = tuple(
        route_of(route, f"routes[{number}]", destinations, in_shadow=in_shadow, has_lanes=has_lanes)
        for number, route in enumerate(said.routes)
    )
    effects.check_names("destination", [(d.name, d.formerly) for d in destinations.values()])
    effects.check_names("route", [(route.name, route.formerly) for route in routes])
    effects.check(routes)
    former = {name: d for d in destinations.values() for name in d.formerly}
    return Configuration(
        {**destinations, **former},
        routes,
        Reader(partner_source, rules_of(said.identity)),
        sender_types,
        breakers_of(said.breakers),
        has_lanes,
    )
