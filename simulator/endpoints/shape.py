"""The definition of an endpoint: a row in the table, with functions to read, apply and answer."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.assumptions import Assumptions
from simulator.caused import Draft
from simulator.error_body import Refused
from simulator.items import Item, Verdict
from simulator.messages import Reply
from simulator.organization import Organization


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request on its endpoint; `json` is the decoded body (None for a GET)."""

    org: Organization
    params: Mapping[str, str]
    query: Mapping[str, str]
    json: Any
    now: float
    rng: Random
    allowed: int  # the client's requests per window
    assumptions: Assumptions

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


@dataclass(frozen=True, slots=True)
class Write:
    """An endpoint whose items take effect.

    `whole_batch`: it validates the batch as a whole, and one bad item refuses all (400). Otherwise
    `answer` reports per item. `read` raises Refused if the body does not have the endpoint's shape.
    `causes_events`: what `apply` returns may be delayed, lost and so on (caused.py: Fate).
    `permissions`: the client's role must have one of them; none if Genesys names none
    (docs/assumptions.md says where each was read).
    """

    name: str
    method: str
    template: str
    max_items: int | None
    whole_batch: bool
    causes_events: bool
    read: Callable[[Call], list[Item]]
    apply: Callable[[Call, Item], list[Draft]]
    answer: Callable[[Call, Sequence[Verdict]], Reply]
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plain:
    """An endpoint without items: reading back, setting up."""

    name: str
    method: str
    template: str
    answer: Callable[[Call], Reply]
    permissions: tuple[str, ...] = ()


def mapping(value: Any, where: str) -> dict[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, dict):
        raise Refused(400, f"{where} must be a JSON object")
    return value


def mappings(value: Any, where: str) -> list[dict[str, Any]]:
    """The value, which must be a JSON array of objects with at least one element."""
    if not isinstance(value, list) or not value:
        raise Refused(400, f"{where} must be a JSON array with at least one element")
    return [mapping(part, f"{where}[{index}]") for index, part in enumerate(value)]


def text(value: Any) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def nothing_caused(call: Call, item: Item) -> list[Draft]:
    """The `apply` of endpoints that keep nothing and cause nothing."""
    return []


def found(collection: Mapping[str, Any], key: str, what: str) -> Any:
    """The item with this id; raises Refused 404."""
    if key not in collection:
        raise Refused(404, f"{what} not found")
    return collection[key]
