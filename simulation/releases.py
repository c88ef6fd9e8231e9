"""The previous and the next release, as far as the ledger can tell them from this one.

Both are this code with a different way of writing: the next release writes one more member than we
know, the previous one wrote fewer than we do. They run side by side and read each other's items.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from lambdas.relay.kernel.ports import Change, Item

Release = Literal["before", "here", "next"]
#: an additional member of every item of the next release
MORE: Mapping[str, Any] = {"of_the_next_release": {"a": [1, None, "\u00e9"]}}
#: members that shared items did not have before, by the endings of their keys
FEWER: Mapping[str, frozenset[str]] = {
    "L#pace": frozenset({"is_full", "was_full", "leased_at_ms"}),
    "L#breaker": frozenset({"rest_until_ms", "resting_since_ms", "refusals", "opened_at_ms"}),
    "L#silence": frozenset({"silent", "probe_until_ms"}),
}
#: members that a record did not have before
FEWER_OF_RECORDS = frozenset({"history", "deferred"})


def inserted(item: Item, release: Release) -> Item:
    """An item as this release writes it."""
    match release:
        case "next":
            return {**item, **MORE}
        case "before":
            gone = _fewer(str(item["pk"]))
            return {name: value for name, value in item.items() if name not in gone}
        case "here":
            return item


def changed(pk: str, change: Change, release: Release, met: frozenset[str]) -> Change:
    """A change as this release makes it; members of the item that it has `met` are repaired."""
    match release:
        case "next":
            return replace(change, put={**change.put, **MORE})
        case "before":
            gone = _fewer(pk) - met
            return replace(change, put={n: v for n, v in change.put.items() if n not in gone})
        case "here":
            return change


def _fewer(pk: str) -> frozenset[str]:
    if pk.startswith("R#"):
        return FEWER_OF_RECORDS
    return next((names for begins, names in FEWER.items() if pk.startswith(begins)), frozenset())
