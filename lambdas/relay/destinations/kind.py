"""Kinds of destinations, before configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdas.relay.destinations.correlation import Compensation, Confirmation
from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.destinations.results import ReadResults, any_answer
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import BATCH_EVENTS_DEFAULT
from lambdas.relay.messages.sealing import Shape

#: the settings of a destination, as in its table
Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that only some kinds have. A value of another type or form is refused at
    synthesis."""

    #: completes "expected ..."
    expected: str
    #: of the value, as JSON can have it
    type: Any = str
    #: a regular expression, of a text
    form: str | None = None
    is_needed: bool = False


#: for an endpoint that the configuration chooses
PATH = Setting("a path that begins with /")


def as_it_is(destination: Destination, section: Section, where: str) -> Destination:
    return destination


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    #: names in braces are settings of the destination, or values of the event
    path: str
    method: str = "POST"
    #: the service behind it
    service: Service = "genesys"
    shape: Shape = "lists"
    into: str = ""
    lists: Mapping[str, str] = field(default_factory=dict)
    #: settings of this kind alone: they fill names in the path, or `adapt` reads them
    settings: Mapping[str, Setting] = field(default_factory=dict)
    path_values: Mapping[str, str] = field(default_factory=dict)
    #: items of a request, unless the configuration says otherwise, and at most
    items: int = BATCH_EVENTS_DEFAULT
    items_max: int = 1000
    #: default members of every item, below its mapping: mostly ids that the relay chooses
    base: Mapping[str, Json] = field(default_factory=dict)
    #: the mapping if neither destination nor route has one; None: one of them must
    item: Mapping[str, Json] | None = None
    #: the members that an item must have, as JMESPath expressions over it
    required: tuple[str, ...] = ()
    read_results: ReadResults = any_answer
    is_repeatable: bool = False
    reaches_people: bool = False
    #: how later events confirm a request, and where Genesys shows its effect; None: only as
    #: configured
    confirmation: Confirmation | None = None
    #: only if the configuration enables it
    confirms_on_request: bool = False
    #: how Genesys cancels one of several conversations that a request made; None: it cannot
    cancel: Compensation | None = None
    #: applies further settings of this kind; the section has been validated. Raises ValueError that
    #: names the setting.
    adapt: Callable[[Destination, Section, str], Destination] = as_it_is
