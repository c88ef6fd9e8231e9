"""Any other endpoint that takes a list: path, list and mapping are configuration.

Its default, `/api/v2/analytics/events/write`, is often asked for and does not exist on the real
platform: neither the official SDK nor any public text of Genesys knows it. A 2xx is read as "all
taken", there is no read-back, and nothing is known of repetition: `key` and `unknown` say what is.
"""

from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, section_path
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.messages.sealing import Shape

METHODS = ("POST", "PUT", "PATCH")
#: what is made there rings or writes to somebody
CONVERSATIONS = "/api/v2/conversations"


def with_path(destination: Destination, section: Section, where: str) -> Destination:
    """`path`, `method`, and `list`, which is "" where the body is the array itself."""
    path = section_path(section, destination.path, where)
    into = section.get("list", destination.into)
    method = section.get("method", destination.method)
    if not isinstance(into, str):
        raise ValueError(f'{where}.list is {into!r}; it must be a name, or "" for a bare array')
    if method not in METHODS:
        raise ValueError(f"{where}.method is {method!r}; it must be one of {', '.join(METHODS)}")
    shape: Shape = "lists" if into else "array"
    reaches_people = path.startswith(CONVERSATIONS)
    return replace(
        destination,
        path=path,
        into=into,
        method=str(method),
        shape=shape,
        reaches_people=reaches_people,
        unknown="manual" if reaches_people and "unknown" not in section else destination.unknown,
    )


KIND = Kind(
    name="generic",
    path="/api/v2/analytics/events/write",
    options=("path", "method", "list"),
    into="events",
    base={"id": "id"},
    item={"event": "body"},
    adapt=with_path,
)
