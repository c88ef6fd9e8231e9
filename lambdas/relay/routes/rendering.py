"""Rendering: an event as one destination takes it, to the last byte."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import jmespath

from lambdas.relay.canonical import Json, canonical
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.entrances.events import Event
from lambdas.relay.errors import Malformed
from lambdas.relay.limits import PATH_BYTES_MAX, REQUEST_FRAME_BYTES
from lambdas.relay.routes.configuration import Route
from lambdas.relay.routes.mapping import render, view
from lambdas.relay.sealing import Target


@dataclass(frozen=True, slots=True)
class Rendered:
    """Where an event goes, and as what."""

    target: Target
    #: the list of the request that the item goes into
    into: str
    #: canonical JSON
    item: str


def rendered(route: Route, event: Event) -> Rendered:
    """Applies a route's mapping. Raises Malformed with one sentence that names the route."""
    destination, document = route.destination, view(event, route.name)
    try:
        item = render(route.item, document)
        text = _text(item)
        _require(item, destination)
        room = destination.most_bytes - REQUEST_FRAME_BYTES
        if len(text) > room:
            raise Malformed(f"its item has {len(text)} bytes; a request may have {room}")
        target = Target(
            destination.name,
            destination.method,
            _path(destination, document),
            destination.shape,
            destination.formerly,
        )
        return Rendered(target, destination.list_of(event.detail_type), text)
    except Malformed as malformed:
        raise Malformed(f"route {route.name}: {malformed.reason}") from malformed


def _text(item: Json) -> str:
    """A function of JMESPath can make a number that no JSON holds, out of a text such as "nan"."""
    try:
        return canonical(item)
    except ValueError:
        raise Malformed("the mapping gives a number that JSON cannot hold") from None


def _require(item: Json, destination: Destination) -> None:
    missing = [
        name for name in destination.required if jmespath.search(name, item) in (None, "", [], {})
    ]
    if missing:
        raise Malformed(f"the mapping gives no {', '.join(missing)}; {destination.kind} needs it")


def _path(destination: Destination, document: Mapping[str, Json]) -> str:
    values: dict[str, str] = {}
    for name, expression in destination.path_values.items():
        value = render(expression, document)
        if not isinstance(value, str) or not value:
            raise Malformed(f"the path needs {name}, and {expression!r} gives none")
        try:
            values[name] = quote(value, safe="")
        except UnicodeEncodeError:
            raise Malformed(f"the path needs {name}, and {expression!r} gives no text") from None
    path = destination.path.format_map(values) if values else destination.path
    if len(path) > PATH_BYTES_MAX:
        raise Malformed(f"its path has {len(path)} bytes; a request may have {PATH_BYTES_MAX}")
    return path
