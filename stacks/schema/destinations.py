"""The destinations of a configuration: how a section makes one of its kind."""

from collections.abc import Mapping

from lambdas.relay.destinations.destination import (
    Destination,
    KeyPolicy,
    refuse_unknown,
    section_text,
)
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import GENESYS_BODY_BYTES_MAX, KEY_TRUST_MARGIN_S
from lambdas.relay.kernel.paths import segment
from stacks.schema import confirmations
from stacks.schema.expressions import check
from stacks.schema.sections import flag, former_names, item_of, section_of
from stacks.schema.topics import check_topics

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


def settings_of(kind: Kind) -> tuple[str, ...]:
    """Everything that a destination of this kind can say."""
    path_values = ("path_values",) if kind.path_values else ()
    return (*COMMON_SETTINGS, *kind.settings, *kind.options, *path_values)


def read_destination(name: str, section: Mapping[str, Json]) -> Destination:
    """Raises ValueError with one sentence that names the place."""
    where = f"destinations.{name}"
    chosen = section_text(section, "kind", where)
    if chosen not in KINDS:
        raise ValueError(f"{where}.kind is {chosen!r}; expected one of {', '.join(KINDS)}")
    kind = KINDS[chosen]
    refuse_unknown(section, settings_of(kind), where)
    unknown = section.get("unknown", "manual" if kind.reaches_people else "repost")
    if unknown not in ("repost", "manual"):
        raise ValueError(f"{where}.unknown is {unknown!r}; expected repost or manual")
    item = section.get("item", kind.item)
    check(item, f"{where}.item")
    confirmation = confirmations.read(section.get("confirmation"), kind, f"{where}.confirmation")
    destination = Destination(
        name=name,
        kind=chosen,
        method=kind.method,
        path=_path(kind, section, where),
        service=kind.service,
        shape=kind.shape,
        into=kind.into,
        most_items=_count(section.get("max_items", kind.items), kind, f"{where}.max_items"),
        most_bytes=GENESYS_BODY_BYTES_MAX,
        item=None if item is None else {**kind.base, **item_of(item, f"{where}.item")},
        key=_key(section_of(section.get("key", {}), f"{where}.key"), f"{where}.key"),
        unknown=unknown,
        read_results=kind.read_results,
        confirmation=confirmation,
        reaches_people=kind.reaches_people,
        is_repeatable=kind.is_repeatable or flag(section, "ids_honoured", where),
        required=kind.required,
        path_values=_path_values(kind, section, where),
        own_values=kind.path_values,
        lists=kind.lists,
        base=kind.base,
        formerly=former_names(section, where),
    )
    made = kind.adapt(destination, section, where)
    check_topics(made.lists, f"{where}.lists")
    if made.reaches_people and flag(section, "ids_honoured", where):
        raise ValueError(
            f"{where}.ids_honoured cannot be so: no request chooses the id of a conversation, and "
            "one that is repeated rings or writes to somebody twice; leave it out"
        )
    return made


def _path(kind: Kind, section: Mapping[str, Json], where: str) -> str:
    path = kind.path
    for name in kind.settings:
        try:
            part = segment(section_text(section, name, where), name)
        except Malformed as malformed:
            raise ValueError(f"{where}.{name}: {malformed}") from malformed
        path = path.replace(f"{{{name}}}", part)
    return path


def _path_values(kind: Kind, section: Mapping[str, Json], where: str) -> Mapping[str, str]:
    own = section_of(section.get("path_values", {}), f"{where}.path_values")
    if "path_values" not in kind.options:
        refuse_unknown(own, kind.path_values, f"{where}.path_values")
    for name, expression in own.items():
        if not isinstance(expression, str):
            raise ValueError(
                f"{where}.path_values.{name} is {expression!r}; expected a JMESPath expression"
            )
        check(expression, f"{where}.path_values.{name}")
    return {**kind.path_values, **own}


def _key(section: Mapping[str, Json], where: str) -> KeyPolicy:
    refuse_unknown(section, KEY_SETTINGS, where)
    hours, most = section.get("honoured_hours", 0), HONOURED_HOURS_MAX
    is_number = isinstance(hours, int | float) and not isinstance(hours, bool)
    if not is_number or not 0 <= hours <= most:  # nan is not between them either
        raise ValueError(f"{where}.honoured_hours is {hours!r}; expected a number from 0 to {most}")
    if 0 < hours * 3600 <= KEY_TRUST_MARGIN_S:
        raise ValueError(
            f"{where}.honoured_hours is {hours!r}, which is of no use: a key is trusted for one "
            "hour less than it is honoured; say more than 1, or leave it out"
        )
    policy = KeyPolicy(
        honoured_s=int(hours * 3600),
        checked_first=flag(section, "checked_first", where),
        repeat_answers_409=flag(section, "repeat_answers_409", where),
    )
    if policy.checked_first and not policy.honoured_s:
        raise ValueError(
            f"{where}.checked_first says nothing of a key that is not honoured; say for how long "
            "it is in honoured_hours, or leave checked_first out"
        )
    return policy


def _count(value: Json, kind: Kind, where: str) -> int:
    most = kind.items_max
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{where} is {value!r}; expected a whole number from 1 to {most}")
    return value
