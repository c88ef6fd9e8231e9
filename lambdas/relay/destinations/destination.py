"""A destination as an environment configures it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.results import WHOLE, ReadResults
from lambdas.relay.kernel.canonical import Json, read_json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import KEY_TRUST_MARGIN_S
from lambdas.relay.kernel.paths import is_straight
from lambdas.relay.kernel.patterns import fits
from lambdas.relay.kernel.reasons import Code, sentence
from lambdas.relay.messages.sealing import Shape


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How a destination treats an `Idempotency-Key`. Genesys documents the header for one operation
    only (quality evaluations), so nothing is assumed that was not probed."""

    #: seconds for which a repeated key is recognised; 0: not at all
    honoured_s: int = 0
    #: the key is checked before anything else, so that a refusal of a repeated key proves that no
    #: earlier attempt took effect
    checked_first: bool = False
    #: a repeated key is answered 409 if its request took effect
    repeat_answers_409: bool = False

    def trusted(self, doubt_since_ms: int, now_ms: int) -> bool:
        """Whether the key still protects a request that was first sent then (R4)."""
        return (now_ms - doubt_since_ms) / 1000 < self.honoured_s - KEY_TRUST_MARGIN_S


#: the service behind a destination: the writer has a client for each
Service = Literal["genesys", "https", "event-bus", "queue", "firehose"]
#: what to do after an unknown outcome if no key protects the request and Genesys cannot be asked
Unknown = Literal["repost", "manual"]


@dataclass(frozen=True, slots=True)
class Destination:
    name: str
    kind: str
    method: str
    #: names in braces are filled from the event
    path: str
    shape: Shape
    #: the list of the request that an event's item goes into
    into: str
    most_items: int
    most_bytes: int
    #: mapping from event to item (relay/routes/mapping.py) for routes without one
    item: Json
    key: KeyPolicy
    unknown: Unknown
    read_results: ReadResults
    #: how a request is confirmed later; None: only by its answer
    confirmation: Confirmation | None = None
    #: it calls or writes to people, which cannot be undone
    reaches_people: bool = False
    #: repeating a request changes nothing: an upsert, a merge, a total
    is_repeatable: bool = False
    #: members of every item: defaults below a mapping, and values that override any mapping
    base: Mapping[str, Json] = field(default_factory=dict)
    forced: Mapping[str, Json] = field(default_factory=dict)
    #: the members that an item must have
    required: tuple[str, ...] = ()
    #: expressions for the names in `path`
    path_values: Mapping[str, str] = field(default_factory=dict)
    #: those that derive the path from what the event itself is about
    own_values: Mapping[str, str] = field(default_factory=dict)
    #: by patterns of detail-types, if a request has several lists; `into` is for all others
    lists: Mapping[str, str] = field(default_factory=dict)
    service: Service = "genesys"
    #: the base URL; "": the API of Genesys Cloud
    host: str = ""
    #: former names: claims, records and messages under them are still valid
    formerly: tuple[str, ...] = ()
    #: for all writers together; None: limited only by the rate limit
    requests_per_minute: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    @property
    def is_genesys(self) -> bool:
        """Whether its requests go to Genesys Cloud and so take slots of the rate limit."""
        return self.service == "genesys"

    @property
    def takes_whole(self) -> bool:
        """Whether a request takes effect as a whole or not at all, so that no item fails alone."""
        return self.read_results in WHOLE

    @property
    def awaited(self) -> Confirmation | None:
        """How events confirm its requests; None: no event does."""
        confirmation = self.confirmation
        return confirmation if confirmation is not None and confirmation.topics else None

    @property
    def asks_first(self) -> bool:
        """Whether it has to be asked before a repetition which items took effect, and can be."""
        return self._can_be_asked and not self.is_repeatable

    @property
    def absence_proves(self) -> bool:
        """Whether an item that Genesys does not find certainly had no effect, as the configured
        truth implies. Not for requests that call or write to people: Genesys may have chosen
        another id."""
        return self.asks_first and not self.reaches_people

    @property
    def looks_last(self) -> bool:
        """Whether it can be asked which items took effect, and is only before a person is: until
        then a request is repeated."""
        return self._can_be_asked and self.is_repeatable

    @property
    def _can_be_asked(self) -> bool:
        return self.confirmation is not None and self.confirmation.asks_first

    def list_of(self, detail_type: str) -> str:
        """The list for an event of this type. Raises Malformed if there is none."""
        found = (name for pattern, name in self.lists.items() if fits(detail_type, pattern))
        into = next(found, self.into)
        if self.shape == "lists" and not into:
            raise Malformed(Code.NO_LIST(self.name, detail_type))
        return into


def read_document(body: bytes) -> Json:
    """The JSON of an answer, None if it is empty. Raises ValueError if it is not JSON, such as a
    proxy's page, or nested too deeply."""
    try:
        return read_json(body.decode("utf-8-sig"), "the answer") if body.strip() else None
    except Malformed as malformed:
        raise ValueError(sentence(malformed.reason)) from None


def advice(destination: Destination | None) -> str:
    """What a person can do about a request that may have taken effect."""
    if destination is not None and destination.reaches_people:
        return (
            "Check in Genesys whether it was created. If it was, resolve it as happened. If not, "
            "discard it, and contact the customer by hand if that is still wanted: sent again this "
            "late, it might call twice or at the wrong time."
        )
    return "Check whether it took effect; resolve it as happened if it did, else as again."


#: a name that is replaced by an event's value
NAME_IN_PATH = re.compile(r"\{[a-z][a-z0-9_]*\}")


def section_path(
    section: Mapping[str, Any], usual: str, where: str, *, has_names: bool = False
) -> str:
    """`path`: literal, or with names in braces."""
    path: str = section.get("path", usual)
    plain = NAME_IN_PATH.sub("x", path) if has_names else path
    if (
        not path.startswith("/")
        or not path.isprintable()
        or set("{} \\?#") & set(plain)
        or "//" in path
        or not is_straight(path)
    ):
        braces = "with braces around names only, without" if has_names else "without braces,"
        raise ValueError(
            f"{where}.path is {path!r}; expected a path that begins with /, {braces} spaces, "
            "queries and segments of dots or of nothing"
        )
    return path


T = TypeVar("T")


class Addressed(Protocol):
    """What names the destination of a request: a sealed batch's target, or the request's record."""

    @property
    def destination(self) -> str: ...

    @property
    def formerly(self) -> Sequence[str]: ...


def of_target(target: Addressed, by_name: Mapping[str, T]) -> T | None:
    """The value for a request's destination in a mapping by destination name. A configuration that
    was rolled back has it under its former name."""
    names = (target.destination, *target.formerly)
    return next((by_name[name] for name in names if name in by_name), None)
