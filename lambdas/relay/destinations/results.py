"""Reading results that name items by id instead of by place."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lambdas.relay.destinations.destination import ItemFailure
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.messages.sealing import SealedEvent

Row = Mapping[str, Any]


def by_id(
    rows: Json,
    events: Sequence[SealedEvent],
    *,
    member: str,
    of: Callable[[Row], Json],
    failure: Callable[[Row], tuple[bool, str]],
) -> Sequence[ItemFailure] | None:
    """The failures that the rows name by an item's member; None where a row names no item of
    ours, or is not of the expected shape. Where items share an id, the result is every one's."""
    items = [json.loads(event.item) for event in events]
    try:
        return [
            ItemFailure(index, *failure(row))
            for row in rows
            for index in _named(items, member, of(row))
        ]
    except (KeyError, TypeError, AttributeError):
        return None


def _named(items: Sequence[Row], member: str, wanted: Json) -> Iterator[int]:
    found = [index for index, item in enumerate(items) if item.get(member) == wanted]
    if not found:
        raise KeyError(wanted)
    yield from found
