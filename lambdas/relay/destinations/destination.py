"""What the relay knows of a destination."""

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
    """What a destination makes of an `Idempotency-Key`. Genesys documents the header on one
    operation only (quality evaluations): assume nothing that was not probed."""

    #: seconds for which a repeated key is recognised; 0: not at all
    honoured_s: int = 0
    #: the key is looked at before anything else, so that a refusal of a repeated key proves that
    #: no earlier attempt took effect
    checked_first: bool = False
    #: a repeated key whose request took effect is answered 409
    repeat_answers_409: bool = False

    def trusted(self, doubt_since_ms: int, now_ms: int) -> bool:
        """Whether the key still protects a request first sent then (R4)."""
        return (now_ms - doubt_since_ms) / 1000 < self.honoured_s - KEY_TRUST_MARGIN_S


#: who takes a destination's requests: each is another client of the writer
Service = Literal["genesys", "https", "event-bus", "queue", "firehose"]
#: what to do with an unknown outcome that no key protects, and of which Genesys cannot be asked
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
    #: mapping from event to item (relay/routes/mapping.py) where a route has none of its own
    item: Json
    key: KeyPolicy
    unknown: Unknown
    read_results: ReadResults
    #: how it is known later that a request took effect; None: its answer is all there is
    confirmation: Confirmation | None = None
    #: it rings somebody's telephone, or writes to him: nothing that can be taken back
    reaches_people: bool = False
    #: a request that is repeated changes nothing more: an upsert, a merge, a total
    is_repeatable: bool = False
    #: members of every item, under a mapping that does not name them, and over any mapping
    base: Mapping[str, Json] = field(default_factory=dict)
    forced: Mapping[str, Json] = field(default_factory=dict)
    #: what an item must have, whoever wrote its mapping
    required: tuple[str, ...] = ()
    #: expressions for the names in `path`
    path_values: Mapping[str, str] = field(default_factory=dict)
    #: those that give the path of what an event itself is about
    own_values: Mapping[str, str] = field(default_factory=dict)
    #: by patterns of detail-types, where a request has several lists; `into` is for the rest
    lists: Mapping[str, str] = field(default_factory=dict)
    service: Service = "genesys"
    #: where its path begins; "": at the API of Genesys Cloud
    host: str = ""
    #: names that it had before: what was claimed, recorded and sent under them still holds
    formerly: tuple[str, ...] = ()
    #: of all writers together; None: as many as the rate limit has
    requests_per_minute: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    @property
    def is_genesys(self) -> bool:
        """Its requests go to Genesys Cloud, and so take slots of its rate limit."""
        return self.service == "genesys"

    @property
    def takes_whole(self) -> bool:
        """A request takes effect as a whole or not at all; no item fails alone."""
        return self.read_results in WHOLE

    @property
    def awaited(self) -> Confirmation | None:
        """How events tell that its requests took effect; None: none does."""
        confirmation = self.confirmation
        return confirmation if confirmation is not None and confirmation.topics else None

    @property
    def asks_first(self) -> bool:
        """Before a repetition it can be asked which items took effect."""
        return self.confirmation is not None and self.confirmation.asks_first

    @property
    def absence_proves(self) -> bool:
        """What Genesys does not find did not happen: so says who configured what to ask. What may
        have rung a telephone is not repeated on that: Genesys may have chosen another id."""
        return self.asks_first and not self.reaches_people

    def list_of(self, detail_type: str) -> str:
        """The list that an event of this type goes into. Raises Malformed where there is none."""
        found = (name for pattern, name in self.lists.items() if fits(detail_type, pattern))
        into = next(found, self.into)
        if self.shape == "lists" and not into:
            raise Malformed(Code.NO_LIST(self.name, detail_type))
        return into


def read_document(body: bytes) -> Json:
    """The JSON of an answer, None where it is empty; raises ValueError where it is something else:
    a proxy's page, say, or nested so deep that nobody could read it."""
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


#: a name that an event's value takes the place of
NAME_IN_PATH = re.compile(r"\{[a-z][a-z0-9_]*\}")


def section_path(
    section: Mapping[str, Any], usual: str, where: str, *, has_names: bool = False
) -> str:
    """`path`: word for word, or with names in braces."""
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
    """What is kept by names of destinations, for the one that a request goes to. A configuration
    that was rolled back knows it by the name that it had before."""
    names = (target.destination, *target.formerly)
    return next((by_name[name] for name in names if name in by_name), None)
