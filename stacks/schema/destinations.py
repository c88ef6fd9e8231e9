"""The destinations of a configuration: how a table and its kind make one."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from pydantic import Field, JsonValue, create_model, model_validator

from lambdas.relay.destinations.destination import Destination, KeyPolicy, Unknown
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import COUNT_MAX, GENESYS_BODY_BYTES_MAX, KEY_TRUST_MARGIN_S
from lambdas.relay.kernel.paths import segment
from stacks.schema import confirmations
from stacks.schema.expressions import check
from stacks.schema.topics import check_topics
from stacks.tables import Name, Table, quoted, validated

#: a year; long before that, a request with an unknown outcome is settled or in review
HONOURED_HOURS_MAX = 366 * 24
ITEM_FORM = "a table of names and JMESPath expressions"


class Key(Table):
    """A table [destinations.<name>.key]."""

    honoured_hours: float = Field(
        default=0,
        ge=0,
        le=HONOURED_HOURS_MAX,
        description=f"a number from 0 to {HONOURED_HOURS_MAX}",
    )
    checked_first: bool = Field(default=False, description="true or false")
    repeat_answers_409: bool = Field(default=False, description="true or false")

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if 0 < self.honoured_hours * 3600 <= KEY_TRUST_MARGIN_S:
            raise ValueError(
                f"honoured_hours is {self.honoured_hours:g}, which has no effect, because a key is "
                "trusted for one hour less than it is honoured; use more than 1, or leave it out"
            )
        if self.checked_first and not self.honoured_hours:
            raise ValueError(
                "checked_first needs honoured_hours, how long a key is honoured; add it, or leave "
                "checked_first out"
            )
        return self

    @property
    def policy(self) -> KeyPolicy:
        return KeyPolicy(
            int(self.honoured_hours * 3600), self.checked_first, self.repeat_answers_409
        )


class Common(Table):
    """What any destination may set in its table [destinations.<name>]."""

    kind: str
    unknown: Unknown | None = Field(default=None, description='"repost" or "manual"')
    item: dict[str, JsonValue] | None = Field(
        default=None, description="a table of names and JMESPath expressions"
    )
    key: Key = Field(default=Key(), description="a table [destinations.<name>.key]")
    ids_honoured: bool = Field(default=False, description="true or false")
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=COUNT_MAX, description="a whole number from 1"
    )
    confirmation: JsonValue = None  # a table of its own (confirmations.py), or false
    formerly: tuple[Name, ...] = Field(
        default=(), description="a list of the names that the destination had before"
    )


@cache
def table_of(kind: str) -> type[Common]:
    """The table with everything that a destination of this kind may set."""
    known = KINDS[kind]
    form = f"a whole number from 1 to {known.items_max}"
    items = Field(default=known.items, ge=1, le=known.items_max, description=form)
    settings = {name: _field(setting) for name, setting in known.settings.items()}
    fields: dict[str, Any] = {"max_items": (int, items), **settings}
    made: type[Common] = create_model(kind, __base__=Common, **fields)
    return made


def _field(setting: Setting) -> tuple[Any, Any]:
    form = None if setting.form is None else f"^({setting.form})$"
    least = 1 if setting.is_needed else None
    bounds: dict[str, Any] = {"pattern": form, "min_length": least} if setting.type is str else {}
    if setting.is_needed:
        return setting.type, Field(description=setting.expected, **bounds)
    return setting.type | None, Field(default=None, description=setting.expected, **bounds)


def read_destination(name: str, section: Mapping[str, Json]) -> Destination:
    """Raises ValueError with one sentence that names the place."""
    where = f"destinations.{name}"
    kind = KINDS.get(str(section.get("kind")))
    if kind is None:
        given = f"is {quoted(section['kind'])}" if "kind" in section else "is missing"
        raise ValueError(f"{where}.kind {given}; expected one of {', '.join(KINDS)}")
    table = validated(table_of(kind.name), section, where)
    said = table.model_dump(exclude_unset=True)
    item = kind.item if table.item is None else table.item
    check(item, f"{where}.item")
    destination = Destination(
        name=name,
        kind=kind.name,
        method=kind.method,
        path=_path(kind, said, where),
        service=kind.service,
        shape=kind.shape,
        into=kind.into,
        most_items=said.get("max_items", kind.items),
        most_bytes=GENESYS_BODY_BYTES_MAX,
        item=None if item is None else {**kind.base, **item},
        key=table.key.policy,
        unknown=table.unknown or ("manual" if kind.reaches_people else "repost"),
        read_results=kind.read_results,
        confirmation=confirmations.read(table.confirmation, kind, f"{where}.confirmation"),
        reaches_people=kind.reaches_people,
        is_repeatable=kind.is_repeatable or table.ids_honoured,
        required=kind.required,
        path_values={**kind.path_values, **_path_values(said, where)},
        own_values=kind.path_values,
        lists=kind.lists,
        base=kind.base,
        formerly=table.formerly,
        requests_per_minute=table.requests_per_minute,
    )
    made = kind.adapt(destination, said, where)
    check_topics(made.lists, f"{where}.lists")
    if made.reaches_people and table.ids_honoured:
        raise ValueError(
            f"{where}.ids_honoured cannot be true: a request does not choose the id of a "
            "conversation, and a repeated one calls or writes to people twice; leave it out"
        )
    return made


def _path(kind: Kind, said: Section, where: str) -> str:
    """The names in its braces are settings or values of the event."""
    path = kind.path
    for name in kind.settings:
        if f"{{{name}}}" in path:
            try:
                part = segment(said[name], name)
            except Malformed as malformed:
                raise ValueError(f"{where}.{name}: {malformed}") from malformed
            path = path.replace(f"{{{name}}}", part)
    return path


def _path_values(said: Section, where: str) -> Mapping[str, str]:
    own: Mapping[str, str] = said.get("path_values", {})
    check(own, f"{where}.path_values")
    return own
