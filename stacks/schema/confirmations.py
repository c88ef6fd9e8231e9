"""How an environment changes the confirmation that a kind of destination defines.

    [destinations.calls.confirmation]
    window_s = 10        # when the event should have come; then Genesys is asked
    hold_s = 120         # how long an event that came too early waits for its predecessor
    topics = [...]       # the events that a request causes
    follows = [...]      # further events whose order the record keeps
    completed_by = [...] # those that complete the record; none: any of topics

`key` ("answer", "conversation" or a member of the item) says which id the events carry.
`confirmation = false` switches it off. Where the kind defines none, `truth` may be set: the path
with {key} at which a GET tells what became of a request. `match` must then be set, too
("correlation", "conversation" or "entity"), unless no event tells and only `truth` and `key` are
set: then Genesys is asked before a request is repeated. `compensation` is the request that corrects
Genesys where the truth differs: `method`, `path` with {key}, and `body`; without it, a person
decides. `duplicates = "cancel"` cancels all but the first of what a request made more than once,
where Genesys has an operation for that; without it, a person decides.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from lambdas.relay.destinations.correlation import (
    ANSWER,
    CONVERSATION,
    SIMPLE_WINDOW_S,
    Compensation,
    Confirmation,
    Match,
)
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.truth import truth_at
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import SQS_DELAY_MAX_S
from lambdas.relay.kernel.paths import is_straight
from stacks.schema.topics import Topic
from stacks.tables import NonEmpty, Table, quoted, validated

MATCHES = ("correlation", "conversation", "entity")
#: settings that are taken unchanged
CHANGES = ("window_s", "hold_s", "topics", "follows", "completed_by", "key")
SECONDS_FORM = f"whole seconds from 1 to {SQS_DELAY_MAX_S}"
TOPICS_FORM = "a list of detail-types"
PATH_FORM = "a path with {key} in it and without segments of dots, such as /api/v2/x/{key}"
Seconds = Annotated[int, Field(ge=1, le=SQS_DELAY_MAX_S)]


def _straight(path: str) -> str:
    if not is_straight(path):
        raise ValueError(f"{quoted(path)} leads to another resource; expected {PATH_FORM}")
    return path


#: a path that may contain only {key}
KeyPath = Annotated[
    str,
    Field(pattern=r"^/([^{}]|\{key\})*\{key\}([^{}]|\{key\})*$"),
    AfterValidator(_straight),
]


class Compensate(Table):
    """A table [destinations.<name>.confirmation.compensation]."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field(
        description='"POST", "PUT", "PATCH" or "DELETE"'
    )
    path: KeyPath = Field(description=PATH_FORM)
    body: dict[str, JsonValue] = Field(default={}, description="a table of names and values")


class Confirm(Table):
    """A table [destinations.<name>.confirmation]."""

    window_s: Seconds | None = Field(default=None, description=SECONDS_FORM)
    hold_s: Seconds | None = Field(default=None, description=SECONDS_FORM)
    topics: tuple[Topic, ...] | None = Field(default=None, description=TOPICS_FORM)
    follows: tuple[Topic, ...] | None = Field(default=None, description=TOPICS_FORM)
    completed_by: tuple[Topic, ...] | None = Field(default=None, description=TOPICS_FORM)
    key: NonEmpty | None = Field(
        default=None,
        description=f'"{ANSWER}", "{CONVERSATION}" or the name of a member of the item',
    )
    compensation: Compensate | None = Field(
        default=None, description=f"a table with {', '.join(Compensate.model_fields)}"
    )
    duplicates: Literal["cancel"] | None = Field(
        default=None, description='"cancel"; without it a person decides'
    )


class Ask(Confirm):
    """The same for a kind without a confirmation: needs `match`, or only how Genesys is asked."""

    match: Match | None = Field(default=None, description=f"one of {', '.join(MATCHES)}")
    truth: KeyPath | None = Field(default=None, description=PATH_FORM)

    @property
    def is_all(self) -> bool:
        """No event tells of a request, so there is nothing to match either."""
        return self.truth is not None and self.model_fields_set <= {"truth", "key"}


def read(section: Json, kind: Kind, where: str) -> Confirmation | None:
    """Apply `section`, a destination's `confirmation`, to its kind's own. Raises ValueError with
    one sentence."""
    own = kind.confirmation
    if section is None:
        return None if kind.confirms_on_request else own
    if section is False:
        return None
    if not isinstance(section, Mapping):
        raise ValueError(f"{where} is {quoted(section)}; expected a table, or false")
    said: Confirm
    if own is not None:
        said = validated(Confirm, section, where)
        made = _changed(own, said)
        is_told = bool(made.topics) or made.asks_first
    else:
        said = asked = validated(Ask, section, where)
        made = _changed(_begun(asked, where), asked)
        is_told = bool(made.topics) or (asked.is_all and made.asks_first)
    if not is_told:
        raise ValueError(
            f"{where}.topics must name the events that a request causes; or give only truth and "
            "key, a member of the item, so that Genesys is asked before a request is repeated"
        )
    if said.duplicates is None:
        return made
    if kind.cancel is None:
        raise ValueError(
            f"{where}.duplicates is {quoted(said.duplicates)}, and Genesys cancels nothing of what "
            f"kind {quoted(kind.name)} makes; leave it out, and a person decides"
        )
    return replace(made, cancel=kind.cancel)


def _begun(said: Ask, where: str) -> Confirmation:
    match = "entity" if said.is_all else said.match
    if match is None:
        raise ValueError(f"{where}.match is missing; expected one of {', '.join(MATCHES)}")
    return Confirmation(
        match=match,
        topics=(),
        window_s=SIMPLE_WINDOW_S,
        owned=False,
        truth=None if said.truth is None else truth_at(said.truth),
    )


def _changed(confirmation: Confirmation, said: Confirm) -> Confirmation:
    changes = said.model_dump(exclude_none=True, include=set(CHANGES))
    made = replace(confirmation, **changes)
    if said.compensation is None:
        return made
    return replace(made, compensation=Compensation(**said.compensation.model_dump()))
