"""What an environment configures of the domain: its destinations and its routes.

One document, read by the functions from `configuration.json` beside the code, and by the stack
at synthesis, so that what is wrong is said before anything is deployed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lambdas.relay import mapping
from lambdas.relay.canonical import Json
from lambdas.relay.destinations import journey
from lambdas.relay.destinations.destination import (
    Destination,
    KeyPolicy,
    any_answer,
    section_text,
)
from lambdas.relay.events import Event
from lambdas.relay.limits import BATCH_EVENTS_DEFAULT, GENESYS_BODY_BYTES_MAX

KINDS = ("journey-external-events", "generic")


@dataclass(frozen=True, slots=True)
class Route:
    """Which events go to a destination, and as what."""

    name: str
    destination: Destination
    #: patterns over detail-types; `*` is the only wildcard that a real one does not contain
    topics: tuple[str, ...]
    item: Json

    def takes(self, event: Event) -> bool:
        return any(fnmatchcase(event.detail_type, topic) for topic in self.topics)


@dataclass(frozen=True, slots=True)
class Configuration:
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]

    def routes_of(self, event: Event) -> tuple[Route, ...]:
        return tuple(route for route in self.routes if route.takes(event))


def parse(document: Mapping[str, Json]) -> Configuration:
    """Raises ValueError with one sentence that names the place."""
    destinations = {
        name: _destination(name, _section(section, f"destinations.{name}"))
        for name, section in _section(document.get("destinations"), "destinations").items()
    }
    rows = document.get("routes")
    if not destinations or not isinstance(rows, list) or not rows:
        raise ValueError("the configuration needs at least one destination and one route")
    routes = tuple(
        _route(_section(row, f"routes[{number}]"), f"routes[{number}]", destinations)
        for number, row in enumerate(rows)
    )
    return Configuration(destinations, routes)


def _section(value: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be a section of names and values")
    return value


def _destination(name: str, section: Mapping[str, Json]) -> Destination:
    where = f"destinations.{name}"
    kind = section_text(section, "kind", where)
    unknown = section.get("unknown", "repost")
    if unknown not in ("repost", "manual"):
        raise ValueError(f"{where}.unknown is {unknown!r}; it must be repost or manual")
    most_items = _count(section.get("max_items", BATCH_EVENTS_DEFAULT), f"{where}.max_items")
    key = _key(_section(section.get("key", {}), f"{where}.key"), f"{where}.key")
    if kind == "journey-external-events":
        path = journey.PATH.format(
            configuration_id=section_text(section, "configuration_id", where)
        )
        into, item, read_results = "entities", journey.ITEM, journey.read_results
    elif kind == "generic":
        path = str(section.get("path", "/api/v2/analytics/events/write"))
        into, item, read_results = str(section.get("list", "events")), {"event": "body"}, any_answer
    else:
        raise ValueError(f"{where}.kind is {kind!r}; it must be one of {', '.join(KINDS)}")
    item = section.get("item", item)
    mapping.check(item, f"{where}.item")
    return Destination(
        name=name,
        kind=kind,
        method="POST",
        path=path,
        shape="lists",
        into=into,
        most_items=most_items,
        most_bytes=GENESYS_BODY_BYTES_MAX,
        item=item,
        key=key,
        unknown=unknown,
        read_results=read_results,
    )


def _key(section: Mapping[str, Json], where: str) -> KeyPolicy:
    hours = section.get("honoured_hours", 0)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or hours < 0:
        raise ValueError(f"{where}.honoured_hours is {hours!r}; it must be a number, 0 or more")
    return KeyPolicy(
        honoured_s=int(hours * 3600),
        checked_first=section.get("checked_first", False) is True,
        repeat_answers_409=section.get("repeat_answers_409", False) is True,
    )


def _count(value: Json, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError(f"{where} is {value!r}; it must be a whole number from 1 to 1000")
    return value


def _route(row: Mapping[str, Json], where: str, destinations: Mapping[str, Destination]) -> Route:
    name = section_text(row, "name", where)
    chosen = section_text(row, "destination", where)
    if chosen not in destinations:
        known = ", ".join(sorted(destinations))
        raise ValueError(f"{where}.destination is {chosen!r}; the destinations are: {known}")
    topics = row.get("topics", ["*"])
    if not isinstance(topics, list) or not topics or not all(isinstance(t, str) for t in topics):
        raise ValueError(f'{where}.topics must be a list of detail-types; ["*"] means all')
    item = row.get("item", destinations[chosen].item)
    mapping.check(item, f"{where}.item")
    return Route(name, destinations[chosen], tuple(topics), item)
