"""What the relay knows of a destination."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.canonical import Json
from lambdas.relay.events import Event
from lambdas.relay.limits import KEY_TRUST_MARGIN_S
from lambdas.relay.sealing import SealedEvent, Shape, Target


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """One item of an otherwise accepted request that was not taken."""

    index: int
    retryable: bool
    reason: str


#: reads a 2xx answer: the failures among the items, None where it is no answer of this endpoint
ReadResults = Callable[[Json, Sequence[SealedEvent]], Sequence[ItemFailure] | None]


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


#: what to do with an unknown outcome that can neither be protected by a key nor read back
Unknown = Literal["repost", "manual"]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How to ask whether a request took effect: every item's own path, and whether a 200 means
    that it did."""

    path: str  # with {id}
    present: Callable[[Json, SealedEvent], bool]


@dataclass(frozen=True, slots=True)
class Destination:
    name: str
    kind: str
    method: str
    #: with {conversation_id}, {participant_id}, ... filled from the event where it is single
    path: str
    shape: Shape
    #: the list of the request that an event's item goes into
    into: str
    most_items: int
    most_bytes: int
    #: mapping from event to item (relay/mapping.py)
    item: Json
    key: KeyPolicy
    unknown: Unknown
    read_results: ReadResults
    read_back: ReadBack | None = None
    #: a later event tells that the request took effect; seconds to wait for it
    confirmed_within_s: int | None = None

    @property
    def takes_whole(self) -> bool:
        """A request takes effect as a whole or not at all; no item fails alone."""
        return self.read_results is any_answer

    def target(self, event: Event) -> Target:
        return Target(self.name, self.method, self.path, self.shape)


def any_answer(document: Json, events: Sequence[SealedEvent]) -> Sequence[ItemFailure] | None:
    """For endpoints whose 2xx says that everything was taken."""
    return ()


def read_document(body: bytes) -> Json:
    """The JSON of an answer; raises ValueError where it is something else, a proxy's page say."""
    return json.loads(body) if body else {}


def section_text(section: Mapping[str, Json], key: str, where: str) -> str:
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} needs {key}, a text")
    return value
