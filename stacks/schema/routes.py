"""The routes of a configuration."""

import re
from collections.abc import Mapping

from lambdas.relay.destinations.correlation import ANSWER, CONVERSATION
from lambdas.relay.destinations.destination import Destination, refuse_unknown, section_text
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.lanes import LANES, Lane
from lambdas.relay.routes.route import Route
from stacks.schema.expressions import check, check_expression
from stacks.schema.sections import flag, former_names, item_of
from stacks.schema.topics import check_topics

ROUTE_SETTINGS = ("name", "destination", "topics", "when", "item", "shadow", "formerly", "lane")


def read_route(
    row: Mapping[str, Json],
    where: str,
    destinations: Mapping[str, Destination],
    *,
    in_shadow: bool = False,
    has_lanes: bool = False,
) -> Route:
    """`in_shadow`: where the route itself does not say. `has_lanes`: each lane has a queue of its
    own. Raises ValueError with one sentence that names the place."""
    refuse_unknown(row, ROUTE_SETTINGS, where)
    name = section_text(row, "name", where)
    chosen = section_text(row, "destination", where)
    if chosen not in destinations:
        known = ", ".join(sorted(destinations))
        raise ValueError(
            f"{where}.destination is {chosen!r}; expected one of the destinations: {known}"
        )
    topics = row.get("topics", ["*"])
    if not isinstance(topics, list) or not topics or not all(isinstance(t, str) for t in topics):
        raise ValueError(f'{where}.topics must be a list of detail-types; ["*"] means all')
    check_topics(topics, f"{where}.topics")
    destination = destinations[chosen]
    item = row.get("item", destination.item)
    check(item, f"{where}.item")
    if item is None:
        raise ValueError(
            f"{where} needs item, a mapping: destination {chosen} has none, and what "
            f"{destination.kind} takes differs too much for one that fits all"
        )
    whole = {**destination.base, **item_of(item, f"{where}.item"), **destination.forced}
    _check_required(destination, whole, where)
    _check_key(destination, whole, where)
    when = _when(row, f"{where}.when")
    return Route(
        name,
        destination,
        tuple(topics),
        whole,
        when,
        flag(row, "shadow", where, default=in_shadow),
        former_names(row, where),
        _lane(row, where, has_lanes=has_lanes),
    )


def _lane(row: Mapping[str, Json], where: str, *, has_lanes: bool) -> Lane:
    lane = next((lane for lane in LANES if lane == row.get("lane", "normal")), None)
    if lane is None:
        raise ValueError(f"{where}.lane is {row['lane']!r}; expected one of: {', '.join(LANES)}")
    if lane != "normal" and not has_lanes:
        raise ValueError(
            f'{where}.lane is "{lane}", but there is one queue for all requests: say lanes = true '
            "in [relay]"
        )
    return lane


def _when(row: Mapping[str, Json], where: str) -> str | None:
    when = row.get("when")
    if when is None:
        return None
    if not isinstance(when, str):
        raise ValueError(f"{where} is {when!r}; expected a JMESPath expression, a text")
    check_expression(when, where)
    return when


def _check_required(destination: Destination, item: Mapping[str, Json], where: str) -> None:
    """A member that the mapping never gives would send every event to the quarantine. What an
    expression gives is the event's affair, and all that is in it."""
    missing = [name for name in destination.required if not _may_give(item, name)]
    if missing:
        raise ValueError(
            f"the item of {where} gives no {', '.join(missing)}; {destination.kind} needs it in "
            f"every event: add it there or in destinations.{destination.name}.item"
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
    """Without the member that its events name, no request would ever be confirmed."""
    key = ANSWER if destination.confirmation is None else destination.confirmation.key
    if key not in (ANSWER, CONVERSATION, *item):
        raise ValueError(
            f"destinations.{destination.name}.confirmation.key is {key!r}, but the item of {where} "
            f'has no such member; expected "{ANSWER}", "{CONVERSATION}" or one of its '
            f"members: {', '.join(sorted(item))}"
        )
