"""The part of an environment that the functions read: one sentence for what is wrong with it."""

from collections.abc import Mapping

from lambdas.relay.entrances.events import Reader
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.routes.configuration import Configuration
from stacks.schema import effects
from stacks.schema.breakers import read_breakers
from stacks.schema.destinations import read_destination
from stacks.schema.identity import read_rules
from stacks.schema.routes import read_route
from stacks.schema.sections import flag, section_of


def parse(document: Mapping[str, Json]) -> Configuration:
    """Raises ValueError with one sentence that names the place."""
    destinations = {
        name: read_destination(name, section_of(section, f"destinations.{name}"))
        for name, section in section_of(document.get("destinations"), "destinations").items()
    }
    rows = document.get("routes")
    if not destinations or not isinstance(rows, list) or not rows:
        raise ValueError("the configuration needs at least one destination and one route")
    has_lanes = flag(document, "lanes", "relay")
    routes = tuple(
        read_route(
            section_of(row, f"routes[{number}]"),
            f"routes[{number}]",
            destinations,
            in_shadow=flag(document, "shadow", "relay"),
            has_lanes=has_lanes,
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
        has_lanes,
    )


def _reader(document: Mapping[str, Json]) -> Reader:
    source = document.get("partner_event_source")  # the stack always names it
    if source is not None and not isinstance(source, str):
        raise ValueError(f"partner_event_source is {source!r}; expected a source's name")
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
