"""The routes of a configuration."""

import re
from collections.abc import Mapping

from pydantic import Field, JsonValue

from lambdas.relay.destinations.correlation import ANSWER, CONVERSATION
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.lanes import Lane
from lambdas.relay.routes.route import Route
from stacks.schema.expressions import check, check_expression
from stacks.schema.topics import Topic
from stacks.tables import Name, NonEmpty, Table, quoted


class RouteTable(Table):
    """A table [[routes]]."""

    name: Name = Field(description="a name of lower-case letters, digits, - and _")
    destination: NonEmpty = Field(description="the name of a table [destinations.<name>]")
    topics: tuple[Topic, ...] = Field(
        default=("*",), min_length=1, description='a list of detail-type patterns, such as ["*"]'
    )
    when: NonEmpty | None = Field(
        default=None, description="a JMESPath expression, such as \"body.mediaType == 'voice'\""
    )
    shadow: bool | None = Field(default=None, description="true or false")
    item: dict[str, JsonValue] | None = Field(
        default=None, description='a table of JMESPath expressions, such as { id = "id" }'
    )
    formerly: tuple[Name, ...] = Field(
        default=(), description="a list of the names that the route had before"
    )
    lane: Lane = Field(default="normal", description='"first", "normal" or "last"')


def route_of(
    said: RouteTable,
    where: str,
    destinations: Mapping[str, Destination],
    *,
    in_shadow: bool,
    has_lanes: bool,
) -> Route:
    """`in_shadow`: the default if the route sets none. `has_lanes`: each lane has its own queue.
    Raises ValueError with one sentence that names the place."""
    if said.destination not in destinations:
        known = ", ".join(sorted(destinations))
        raise ValueError(
            f"{where}.destination is {quoted(said.destination)}; expected one of the destinations: "
            f"{known}"
        )
    if said.lane != "normal" and not has_lanes:
        raise ValueError(
            f'{where}.lane is "{said.lane}", but all requests share one queue; set lanes = true in '
            "[relay]"
        )
    if said.when is not None:
        check_expression(said.when, f"{where}.when")
    destination = destinations[said.destination]
    return Route(
        said.name,
        destination,
        said.topics,
        _item(said, destination, where),
        said.when,
        in_shadow if said.shadow is None else said.shadow,
        said.formerly,
        said.lane,
    )


def _item(said: RouteTable, destination: Destination, where: str) -> Mapping[str, Json]:
    """The whole mapping: the route's own or its destination's, with what the kind adds."""
    item = destination.item if said.item is None else said.item
    if item is None:
        raise ValueError(
            f"{where} needs item, a mapping: destination {said.destination} has none, and there is "
            f"no default that suits every {destination.kind}"
        )
    check(item, f"{where}.item")
    whole = {**destination.base, **item, **destination.forced}
    _check_required(destination, whole, where)
    _check_key(destination, whole, where)
    return whole


def _check_required(destination: Destination, item: Mapping[str, Json], where: str) -> None:
    """A required member that the mapping never gives would quarantine every event. The values and
    contents that an expression gives depend on the event and are not checked."""
    missing = [name for name in destination.required if not _may_give(item, name)]
    if missing:
        raise ValueError(
            f"the item of {where} gives no {', '.join(missing)}, which {destination.kind} needs "
            f"for every event; add it there or in destinations.{destination.name}.item"
        )


def _may_give(template: Json, name: str) -> bool:
    """Whether a mapping can give a member, such as `a.b[0].c`."""
    for part in re.findall(r"[^.\[\]]+", name):
        if isinstance(template, str):
            break
        if isinstance(template, list):
            template = template[int(part)] if part.isdecimal() and template else None
        else:
            template = template.get(part) if isinstance(template, Mapping) else None
    return template not in (None, "", [], {})


def _check_key(destination: Destination, item: Mapping[str, Json], where: str) -> None:
    """Without the member that its events carry, no request would ever be confirmed."""
    key = ANSWER if destination.confirmation is None else destination.confirmation.key
    if key not in (ANSWER, CONVERSATION, *item):
        raise ValueError(
            f"destinations.{destination.name}.confirmation.key is {key!r}, but the item of {where} "
            f'has no such member; expected "{ANSWER}", "{CONVERSATION}" or one of its '
            f"members: {', '.join(sorted(item))}"
        )
