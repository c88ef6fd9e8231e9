"""What an environment configures of the domain: its destinations and its routes.

One document, read by the functions from `configuration.json` beside the code, and by the stack
at synthesis, so that what is wrong is said before anything is deployed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote

from lambdas.relay.canonical import Json
from lambdas.relay.destinations import (
    confirmations,
    contact_lists,
    conversation_events,
    conversations,
    external_contacts,
    external_metrics,
    generic,
    journey,
    participant_attributes,
)
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination, KeyPolicy, section_text
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.entrances.events import Event
from lambdas.relay.limits import GENESYS_BODY_BYTES_MAX
from lambdas.relay.routes import mapping

KINDS: Mapping[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        journey,
        conversation_events,
        external_contacts,
        contact_lists,
        participant_attributes,
        external_metrics,
        conversations,
        generic,
    )
}


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

    @property
    def confirmations(self) -> Mapping[str, Confirmation]:
        """By destination: how later events tell that a request took effect."""
        return {
            name: destination.confirmation
            for name, destination in self.destinations.items()
            if destination.confirmation is not None
        }


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
    chosen = section_text(section, "kind", where)
    if chosen not in KINDS:
        raise ValueError(f"{where}.kind is {chosen!r}; it must be one of {', '.join(KINDS)}")
    kind = KINDS[chosen]
    unknown = section.get("unknown", "repost")
    if unknown not in ("repost", "manual"):
        raise ValueError(f"{where}.unknown is {unknown!r}; it must be repost or manual")
    item = section.get("item", kind.item)
    mapping.check(item, f"{where}.item")
    destination = Destination(
        name=name,
        kind=chosen,
        method=kind.method,
        path=_path(kind, section, where),
        shape=kind.shape,
        into=kind.into,
        most_items=_count(section.get("max_items", kind.items), kind, f"{where}.max_items"),
        most_bytes=GENESYS_BODY_BYTES_MAX,
        item=None if item is None else {**kind.base, **_table(item, f"{where}.item")},
        key=_key(_section(section.get("key", {}), f"{where}.key"), f"{where}.key"),
        unknown=unknown,
        read_results=kind.read_results,
        read_back=kind.read_back,
        confirmation=confirmations.read(
            section.get("confirmation"), chosen, item, f"{where}.confirmation"
        ),
        is_repeatable=kind.is_repeatable,
        required=kind.required,
        path_values=_path_values(kind, section, where),
        lists=kind.lists,
        base=kind.base,
    )
    return kind.adapt(destination, section, where)


def _path(kind: Kind, section: Mapping[str, Json], where: str) -> str:
    path = kind.path
    for name in kind.settings:
        value = section_text(section, name, where)
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def _path_values(kind: Kind, section: Mapping[str, Json], where: str) -> Mapping[str, str]:
    own = _section(section.get("path_values", {}), f"{where}.path_values")
    for name, expression in own.items():
        if name not in kind.path_values or not isinstance(expression, str):
            known = ", ".join(kind.path_values) or "none"
            raise ValueError(f"{where}.path_values.{name} is no expression for one of: {known}")
        mapping.check(expression, f"{where}.path_values.{name}")
    return {**kind.path_values, **own}


def _table(item: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(item, Mapping):
        raise ValueError(f"{where} must be a table of names and JMESPath expressions")
    return item


def _key(section: Mapping[str, Json], where: str) -> KeyPolicy:
    hours = section.get("honoured_hours", 0)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or hours < 0:
        raise ValueError(f"{where}.honoured_hours is {hours!r}; it must be a number, 0 or more")
    return KeyPolicy(
        honoured_s=int(hours * 3600),
        checked_first=section.get("checked_first", False) is True,
        repeat_answers_409=section.get("repeat_answers_409", False) is True,
    )


def _count(value: Json, kind: Kind, where: str) -> int:
    most = kind.items_max
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{where} is {value!r}; it must be a whole number from 1 to {most}")
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
    destination = destinations[chosen]
    item = row.get("item", destination.item)
    mapping.check(item, f"{where}.item")
    if item is None:
        raise ValueError(
            f"{where} needs item, a mapping: destination {chosen} has none, and what "
            f"{destination.kind} takes differs too much for one that fits all"
        )
    whole = {**destination.base, **_table(item, f"{where}.item"), **destination.forced}
    return Route(name, destination, tuple(topics), whole)
