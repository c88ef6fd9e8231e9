"""What an environment configures of the domain: its destinations and its routes.

One document, read by the functions from `configuration.json` beside the code, and by the stack
at synthesis, so that what is wrong is said before anything is deployed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

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
from lambdas.relay.destinations.correlation import ANSWER, CONVERSATION, Confirmation
from lambdas.relay.destinations.destination import (
    Destination,
    KeyPolicy,
    ReadBack,
    refuse_unknown,
    section_text,
)
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.entrances.events import ANY_PARTNER, Event, Reader
from lambdas.relay.entrances.identities import read_rules
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import GENESYS_BODY_BYTES_MAX, KEY_TRUST_MARGIN_S
from lambdas.relay.kernel.paths import segment
from lambdas.relay.routes import effects, mapping

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

#: what any destination can say
COMMON_SETTINGS = (
    "kind",
    "unknown",
    "max_items",
    "item",
    "key",
    "ids_honoured",
    "confirmation",
    "formerly",
)
KEY_SETTINGS = ("honoured_hours", "checked_first", "repeat_answers_409")
#: a year; a request whose outcome is unknown is settled, or with a person, long before
HONOURED_HOURS_MAX = 366 * 24
#: an id of Genesys, as it has no place in a detail-type
A_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ROUTE_SETTINGS = ("name", "destination", "topics", "when", "item", "formerly")


def settings_of(kind: Kind) -> tuple[str, ...]:
    """Everything that a destination of this kind can say."""
    path_values = ("path_values",) if kind.path_values else ()
    return (*COMMON_SETTINGS, *kind.settings, *kind.options, *path_values)


@dataclass(frozen=True, slots=True)
class Route:
    """Which events go to a destination, and as what."""

    name: str
    destination: Destination
    #: patterns over detail-types; `*` is the only wildcard that a real one does not contain
    topics: tuple[str, ...]
    item: Json
    #: a JMESPath expression over the event that must be true as well; None: nothing must
    when: str | None = None
    #: names that it had before: events claimed for them are claimed for it
    formerly: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    def lists(self, detail_type: str) -> bool:
        """Whether its topics have the type."""
        return any(fnmatchcase(detail_type, topic) for topic in self.topics)

    def wants(self, event: Event) -> bool:
        """Whether an event of its topics meets its condition. Raises Malformed where that cannot
        be told."""
        try:
            return self.when is None or mapping.holds(self.when, mapping.view(event, self.name))
        except Malformed as malformed:
            raise Malformed(f"route {self.name}, when: {malformed.reason}") from malformed


@dataclass(frozen=True, slots=True)
class Configuration:
    #: by each of their names, former ones as well: messages and records may yet bear those
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]
    #: who Genesys is, and by what its events are known
    reader: Reader = ANY_PARTNER
    #: patterns of the types that a webhook's sender may send; who is not named may send any
    sender_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
            name: replace(destination.confirmation, writes=self._writes(destination))
            for name, destination in self.destinations.items()
            if destination.confirmation is not None
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
    effects.check_names("destination", [(d.name, d.formerly) for d in destinations.values()])
    effects.check_names("route", [(route.name, route.formerly) for route in routes])
    effects.check([(r.name, r.destination.name, r.topics, r.item) for r in routes])
    former = {name: d for d in destinations.values() for name in d.formerly}
    return Configuration(
        {**destinations, **former}, routes, _reader(document), _sender_types(document)
    )


def _reader(document: Mapping[str, Json]) -> Reader:
    source = document.get("partner_event_source")  # the stack always names it
    if source is not None and not isinstance(source, str):
        raise ValueError(f"partner_event_source is {source!r}; it must be a source's name")
    return Reader(source, read_rules(document.get("identity", {}), "identity"))


def _sender_types(document: Mapping[str, Json]) -> Mapping[str, tuple[str, ...]]:
    table = _section(document.get("sender_types", {}), "webhook.types")
    for sender, types in table.items():
        if not SENDER.fullmatch(sender):
            raise ValueError(
                f'webhook.types."{sender}" names no sender of the webhook: a name has 1 to 64 of '
                "a-z, 0-9, '.', '_' and '-', and does not begin with aws."
            )
        if not isinstance(types, list) or not all(isinstance(t, str) and t for t in types):
            raise ValueError(f'webhook.types."{sender}" must be a list of patterns of types')
    return {sender: tuple(types) for sender, types in table.items()}


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
    refuse_unknown(section, settings_of(kind), where)
    unknown = section.get("unknown", "manual" if kind.reaches_people else "repost")
    if unknown not in ("repost", "manual"):
        raise ValueError(f"{where}.unknown is {unknown!r}; it must be repost or manual")
    item = section.get("item", kind.item)
    mapping.check(item, f"{where}.item")
    confirmation = confirmations.read(section.get("confirmation"), kind, f"{where}.confirmation")
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
        read_back=ReadBack.by(confirmation),
        confirmation=confirmation,
        reaches_people=kind.reaches_people,
        is_repeatable=kind.is_repeatable or _flag(section, "ids_honoured", where),
        required=kind.required,
        path_values=_path_values(kind, section, where),
        own_values=kind.path_values,
        lists=kind.lists,
        base=kind.base,
        formerly=_formerly(section, where),
    )
    return kind.adapt(destination, section, where)


def _path(kind: Kind, section: Mapping[str, Json], where: str) -> str:
    path = kind.path
    for name in kind.settings:
        try:
            part = segment(section_text(section, name, where), name)
        except Malformed as malformed:
            raise ValueError(f"{where}.{name}: {malformed.reason}") from malformed
        path = path.replace(f"{{{name}}}", part)
    return path


def _path_values(kind: Kind, section: Mapping[str, Json], where: str) -> Mapping[str, str]:
    own = _section(section.get("path_values", {}), f"{where}.path_values")
    refuse_unknown(own, kind.path_values, f"{where}.path_values")
    for name, expression in own.items():
        if not isinstance(expression, str):
            raise ValueError(
                f"{where}.path_values.{name} is {expression!r}; it must be a JMESPath expression"
            )
        mapping.check(expression, f"{where}.path_values.{name}")
    return {**kind.path_values, **own}


def _table(item: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(item, Mapping):
        raise ValueError(f"{where} must be a table of names and JMESPath expressions")
    return item


def _key(section: Mapping[str, Json], where: str) -> KeyPolicy:
    refuse_unknown(section, KEY_SETTINGS, where)
    hours, most = section.get("honoured_hours", 0), HONOURED_HOURS_MAX
    is_number = isinstance(hours, int | float) and not isinstance(hours, bool)
    if not is_number or not 0 <= hours <= most:  # nan is not between them either
        raise ValueError(
            f"{where}.honoured_hours is {hours!r}; it must be a number from 0 to {most}"
        )
    if 0 < hours * 3600 <= KEY_TRUST_MARGIN_S:
        raise ValueError(
            f"{where}.honoured_hours is {hours!r}, which is of no use: a key is trusted for one "
            "hour less than it is honoured; say more than 1, or leave it out"
        )
    policy = KeyPolicy(
        honoured_s=int(hours * 3600),
        checked_first=_flag(section, "checked_first", where),
        repeat_answers_409=_flag(section, "repeat_answers_409", where),
    )
    if policy.checked_first and not policy.honoured_s:
        raise ValueError(
            f"{where}.checked_first says nothing of a key that is not honoured; say for how long "
            "it is in honoured_hours, or leave checked_first out"
        )
    return policy


def _flag(section: Mapping[str, Json], name: str, where: str) -> bool:
    value = section.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{where}.{name} is {value!r}; it must be true or false")
    return value


def _formerly(section: Mapping[str, Json], where: str) -> tuple[str, ...]:
    names = section.get("formerly", [])
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        raise ValueError(f"{where}.formerly is {names!r}; it must be a list of former names")
    return tuple(names)


def _count(value: Json, kind: Kind, where: str) -> int:
    most = kind.items_max
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{where} is {value!r}; it must be a whole number from 1 to {most}")
    return value


def _route(row: Mapping[str, Json], where: str, destinations: Mapping[str, Destination]) -> Route:
    refuse_unknown(row, ROUTE_SETTINGS, where)
    name = section_text(row, "name", where)
    chosen = section_text(row, "destination", where)
    if chosen not in destinations:
        known = ", ".join(sorted(destinations))
        raise ValueError(f"{where}.destination is {chosen!r}; the destinations are: {known}")
    topics = row.get("topics", ["*"])
    if not isinstance(topics, list) or not topics or not all(isinstance(t, str) for t in topics):
        raise ValueError(f'{where}.topics must be a list of detail-types; ["*"] means all')
    for topic in topics:
        if A_UUID.search(topic):
            raise ValueError(
                f"{where}.topics has {topic!r}, which matches nothing: a detail-type has {{id}} "
                "where the topic of an event has an id"
            )
    destination = destinations[chosen]
    item = row.get("item", destination.item)
    mapping.check(item, f"{where}.item")
    if item is None:
        raise ValueError(
            f"{where} needs item, a mapping: destination {chosen} has none, and what "
            f"{destination.kind} takes differs too much for one that fits all"
        )
    whole = {**destination.base, **_table(item, f"{where}.item"), **destination.forced}
    _check_required(destination, whole, where)
    _check_key(destination, whole, where)
    when = _when(row, f"{where}.when")
    return Route(name, destination, tuple(topics), whole, when, _formerly(row, where))


def _when(row: Mapping[str, Json], where: str) -> str | None:
    when = row.get("when")
    if when is None:
        return None
    if not isinstance(when, str):
        raise ValueError(f"{where} is {when!r}; it must be a JMESPath expression, a text")
    mapping.check_expression(when, where)
    return when


def _check_required(destination: Destination, item: Mapping[str, Json], where: str) -> None:
    """A member that the mapping never gives would send every event to the quarantine."""
    given = {name.split(".")[0] for name in item}
    missing = [name for name in destination.required if name.split(".")[0] not in given]
    if missing:
        raise ValueError(
            f"the item of {where} gives no {', '.join(missing)}; {destination.kind} needs it in "
            f"every event: add it there or in destinations.{destination.name}.item"
        )


def _check_key(destination: Destination, item: Mapping[str, Json], where: str) -> None:
    """Without the member that its events name, no request would ever be confirmed."""
    key = ANSWER if destination.confirmation is None else destination.confirmation.key
    if key not in (ANSWER, CONVERSATION, *item):
        raise ValueError(
            f"destinations.{destination.name}.confirmation.key is {key!r}, but the item of {where} "
            f'has no such member; it must be "{ANSWER}", "{CONVERSATION}" or one of its '
            f"members: {', '.join(sorted(item))}"
        )
