"""Any other endpoint: path, list and mapping are configuration.

A path can have names in braces, such as `/api/v2/interactions/{id}`; `path_values` has the
expressions that fill them in from an event. `single` is for endpoints that accept one item and no
list.

Its default, `/api/v2/analytics/events/write`, is often named and does not exist on the real
platform: neither the official SDK nor any public document of Genesys has it. A 2xx is read as "all
accepted" unless it reports an error of the request or of an item, which a person then has. There is
no read-back, and nothing is assumed about repetition: `key` and `unknown` configure it.
"""

from collections.abc import Mapping
from dataclasses import replace
from string import Formatter
from typing import Literal
from urllib.parse import unquote

from lambdas.relay.destinations.destination import Destination, section_path
from lambdas.relay.destinations.kind import PATH, Kind, Section, Setting
from lambdas.relay.messages.sealing import Shape

SINGLE = Setting("true or false", bool)
#: requests to these endpoints call or write to people
CONVERSATIONS = "/api/v2/conversations"


def with_path(destination: Destination, section: Section, where: str) -> Destination:
    """`path` with its `path_values`, `method`, and `list`, which is "" where the body is the array
    itself, or `single` where it is the item."""
    path = section_path(section, destination.path, where, has_names=True)
    _check_names(path, destination.path_values, where)
    into = section.get("list", destination.into)
    method = section.get("method", destination.method)
    shape: Shape = "lists" if into else "array"
    reaches_people = unquote(unquote(path)).lower().startswith(CONVERSATIONS)
    listed = replace(
        destination,
        path=path,
        into=into,
        method=method,
        shape=shape,
        reaches_people=reaches_people,
        unknown="manual" if reaches_people and "unknown" not in section else destination.unknown,
    )
    return as_single(listed, section, where)


def as_single(destination: Destination, section: Section, where: str) -> Destination:
    """With `single`: one request per event, whose body is the mapped item alone."""
    if not section.get("single", False):
        return destination
    if "list" in section:
        raise ValueError(f"{where}.list has no effect, because a single request carries one item")
    if section.get("max_items", 1) != 1:
        raise ValueError(
            f"{where}.max_items has no effect, because a single request carries one event"
        )
    mapped = destination.item if isinstance(destination.item, Mapping) else {}
    said = section.get("item")
    added = set(destination.base) - set(said if isinstance(said, Mapping) else {})
    item = {name: value for name, value in mapped.items() if name not in added}
    return replace(destination, shape="single", into="", most_items=1, base={}, item=item)


def _check_names(path: str, values: Mapping[str, str], where: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(path) if name}
    if set(values) != names:
        raise ValueError(
            f"{where}.path_values must have an expression for each name in braces in path, and no "
            f"others: {', '.join(sorted(names)) or 'path has none'}"
        )


KIND = Kind(
    name="generic",
    path="/api/v2/analytics/events/write",
    settings={
        "path": PATH,
        "path_values": Setting("a table of names and JMESPath expressions", dict[str, str]),
        "method": Setting('"POST", "PUT" or "PATCH"', Literal["POST", "PUT", "PATCH"]),
        "list": Setting('the name of a list, or "" for a bare array'),
        "single": SINGLE,
    },
    into="events",
    base={"id": "id"},
    item={"event": "body"},
    adapt=with_path,
)
