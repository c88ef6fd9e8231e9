"""Rendering: an event becomes the exact item that one destination takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.relay.destinations.correlation import ANSWER, CONVERSATION
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.truth import contains
from lambdas.relay.entrances.events import Event
from lambdas.relay.kernel.canonical import Json, outbound
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import PATH_BYTES_MAX, REQUEST_FRAME_BYTES
from lambdas.relay.kernel.paths import filled, segment
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Target
from lambdas.relay.routes.mapping import evaluator, render, view
from lambdas.relay.routes.route import Route


@dataclass(frozen=True, slots=True)
class Rendered:
    """An event's item and its target."""

    target: Target
    #: the list of the request that the item goes into
    into: str
    #: JSON, as it is sent
    item: str
    #: the event itself shows that the change has already happened, so there is nothing to write
    is_shown: bool = False


def rendered(route: Route, event: Event) -> Rendered:
    """Applies a route's mapping. Raises Malformed, which names the route."""
    destination, document = route.destination, view(event, route.name)
    try:
        item = render(route.item, document)
        text = _text(item)
        _require(item, destination)
        _require_askable(item, destination)
        room = destination.most_bytes - REQUEST_FRAME_BYTES
        size = len(text.encode())
        if size > room:
            raise Malformed(Code.ITEM_TOO_LARGE(size, room))
        target = Target(
            destination.name,
            destination.method,
            _path(destination, destination.path_values, document),
            destination.shape,
            destination.formerly,
            route.is_shadow,
            route.lane,
        )
        into = destination.list_of(event.detail_type)
        return Rendered(target, into, text, _is_shown(destination, event, item, target.path))
    except Malformed as malformed:
        raise Malformed(Code.ROUTE_FAILED(route.name, malformed.reason)) from malformed


def _text(item: Json) -> str:
    """Raises Malformed for numbers that JSON lacks: JMESPath can convert a text such as "nan"."""
    try:
        return outbound(item)
    except ValueError:
        raise Malformed(Code.ITEM_NUMBER()) from None


def _require(item: Json, destination: Destination) -> None:
    missing = [name for name in destination.required if evaluator(name)(item) in (None, "", [], {})]
    if missing:
        raise Malformed(Code.ITEM_INCOMPLETE(", ".join(missing), destination.kind))


def _is_shown(destination: Destination, event: Event, item: Json, path: str) -> bool:
    """Whether the event already shows everything that the request would change, on the same
    object. True only if repeating the request has no further effect."""
    confirmation = destination.confirmation
    if confirmation is None or not destination.is_repeatable or not isinstance(item, Mapping):
        return False
    if event.entrance != "partner":
        return False  # only Genesys' own events show Genesys' state
    if not confirmation.causes(event.detail_type) or set(item) - set(confirmation.shows):
        return False
    try:
        own_path = _path(destination, destination.own_values, view(event, ""))
    except Malformed:
        return False
    return bool(item) and own_path.lower() == path.lower() and contains(event.body, item)


def _path(
    destination: Destination, expressions: Mapping[str, str], document: Mapping[str, Json]
) -> str:
    if not expressions:
        return destination.path
    values = {name: render(how, document) for name, how in expressions.items()}
    path = filled(destination.path, values)
    if len(path) > PATH_BYTES_MAX:
        raise Malformed(Code.PATH_TOO_LONG(len(path)))
    return path


def _require_askable(item: Json, destination: Destination) -> None:
    """The truth is asked for by the item's id before a repetition, so the id must be valid before
    the item is sent."""
    members = item if isinstance(item, Mapping) else {}
    confirmation = destination.confirmation
    if confirmation is None or confirmation.truth is None or destination.is_repeatable:
        return
    if confirmation.key not in (ANSWER, CONVERSATION) and confirmation.key in members:
        segment(members[confirmation.key], confirmation.key)
