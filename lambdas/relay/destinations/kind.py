"""Kinds of destinations: what takes events, before it is configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdas.relay.destinations.correlation import Compensation, Confirmation
from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.destinations.results import ReadResults, any_answer
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import BATCH_EVENTS_DEFAULT
from lambdas.relay.messages.sealing import Shape

#: what a destination says of itself, as its table takes it
Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One that only some kinds have. A value of another type or form is refused at synthesis."""

    #: completes "expected ..."
    expected: str
    #: of the value, as JSON can have it
    type: Any = str
    #: a regular expression, of a text
    form: str | None = None
    is_needed: bool = False


#: of an endpoint that the configuration chooses
PATH = Setting("a path that begins with /")


def as_it_is(destination: Destination, section: Section, where: str) -> Destination:
    return destination


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    #: names in braces are settings of the destination, or values of the event
    path: str
    method: str = "POST"
    #: who takes its requests
    service: Service = "genesys"
    shape: Shape = "lists"
    into: str = ""
    lists: Mapping[str, str] = field(default_factory=dict)
    #: what the configuration says of this kind alone: it fills names in the path, or `adapt` reads
    #: it
    settings: Mapping[str, Setting] = field(default_factory=dict)
    path_values: Mapping[str, str] = field(default_factory=dict)
    #: items of a request, unless the configuration says otherwise, and at most
    items: int = BATCH_EVENTS_DEFAULT
    items_max: int = 1000
    #: members of every item, under a mapping that does not name them: ids of our own, mostly
    base: Mapping[str, Json] = field(default_factory=dict)
    #: the mapping where a destination or a route has none; None: one of them must have one
    item: Mapping[str, Json] | None = None
    #: what an item must have, as JMESPath expressions over it
    required: tuple[str, ...] = ()
    read_results: ReadResults = any_answer
    is_repeatable: bool = False
    reaches_people: bool = False
    #: how later events confirm a request, and where Genesys tells what became of it; None: unless
    #: the configuration says so, nothing does
    confirmation: Confirmation | None = None
    #: only where the configuration asks for it
    confirms_on_request: bool = False
    #: what Genesys has to cancel one of several that a request made; None: nothing
    cancel: Compensation | None = None
    #: what else of the configuration matters to this kind; the section has been validated. Raises
    #: ValueError with its place.
    adapt: Callable[[Destination, Section, str], Destination] = as_it_is
