"""The items of a request, and the platform's verdict on each."""

import hashlib
import json
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from simulator.faults import Conduct


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an item did not take effect; `message` is the text in the endpoint's answer."""

    status: int
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Item:
    """`idempotent`: repeating it changes nothing. `problem`: what was wrong when reading it."""

    index: int
    id: str
    content: Any
    idempotent: bool
    problem: Rejection | None


@dataclass(frozen=True, slots=True)
class Verdict:
    item: Item
    rejection: Rejection | None


@dataclass(frozen=True, slots=True)
class Poison:
    """Items that are always rejected: by id, or by a marker anywhere in their strings.

    `rejects`: "endpoint" follows the endpoint (whole batch or per item), "batch" rejects the whole
    batch everywhere. A whole batch is refused with `status`, without saying which item it was.
    """

    ids: frozenset[str]
    marker: str
    rejects: Literal["endpoint", "batch"]
    status: int

    def hits(self, item: Item) -> bool:
        return item.id in self.ids or (bool(self.marker) and _mentions(item.content, self.marker))


NO_POISON = Poison(frozenset(), "poison-pill", "endpoint", 400)
INVALID = "The item's value is invalid and cannot be processed"
UNAVAILABLE = "The item could not be processed at this time, try again later"


def judge(item: Item, poison: Poison, conduct: Conduct, salt: int, rng: Random) -> Verdict:
    """Always takes exactly one number from `rng`.

    A random rejection depends only on the item's id and `salt`: no retry can make it succeed.
    """
    retryable = rng.random() < conduct.item_retryable
    if item.problem is not None:
        return Verdict(item, item.problem)
    if poison.hits(item) or fraction(f"{salt}/{item.id}") < conduct.item_rejected:
        return Verdict(item, Rejection(400, INVALID, False))
    return Verdict(item, Rejection(503, UNAVAILABLE, True) if retryable else None)


def digest(content: Any) -> str:
    """SHA-256 over the canonical JSON: the same if only the order of keys differs."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def fraction(text: str) -> float:
    """A number in [0, 1) that depends only on the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def _mentions(value: Any, marker: str) -> bool:
    waiting = [value]  # no recursion: a body may be nested deeply
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and marker in part:
            return True
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
    return False
