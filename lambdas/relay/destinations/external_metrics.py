"""External metrics of employees: figures for their performance, a hundred at a time.

`POST /api/v2/employeeperformance/externalmetrics/data` (SDK GamificationApi). An item has no id:
user, metric and day name it. A `Total` replaces, so a repetition changes nothing more. A
`Cumulative` value adds up and is not idempotent: repeated, it counts twice, and nothing in Genesys
tells. So for those an unknown outcome goes to a person, unless `unknown = "repost"` is said.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, ItemFailure
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.messages.sealing import SealedEvent

TYPES = ("Total", "Cumulative")
#: members of an item that its result repeats
NAMES = ("userId", "userEmail", "metricId", "value", "count", "type")
#: beginnings of codes that speak of the service and not of the item
PASSING = ("service.", "internal.", "too.many", "timeout", "gateway.")


def read_results(document: Json, events: Sequence[SealedEvent]) -> Sequence[ItemFailure] | None:
    """`{"processedEntities": [...], "unprocessedEntities": [{..., message, code}]}`"""
    if not isinstance(document, dict):
        return None
    items = [json.loads(event.item) for event in events]
    failures: list[ItemFailure] = []
    for row in document.get("unprocessedEntities") or []:
        taken = {failure.index for failure in failures}
        free = (n for n, item in enumerate(items) if n not in taken and _is_of(row, item))
        index = next(free, None)
        if index is None:
            return None
        code = str(row.get("code"))
        failures.append(ItemFailure(index, code.startswith(PASSING), f"{code}: {row['message']}"))
    return failures


def _is_of(row: Json, item: Json) -> bool:
    if not isinstance(row, dict) or "message" not in row:
        return False
    day = str(row.get("dateOccurred"))[:10] == str(item.get("dateOccurred"))[:10]
    return day and all(row.get(name) == item.get(name) for name in NAMES if name in item)


def with_type(destination: Destination, section: Section, where: str) -> Destination:
    """`type = "Total"` or `"Cumulative"`"""
    chosen = section.get("type", "Total")
    if chosen not in TYPES:
        raise ValueError(f"{where}.type is {chosen!r}; it must be one of {', '.join(TYPES)}")
    adds_up = chosen == "Cumulative"
    return replace(
        destination,
        forced={"type": f"'{chosen}'"},
        is_repeatable=not adds_up,
        unknown=destination.unknown if "unknown" in section or not adds_up else "manual",
    )


KIND = Kind(
    name="external-metrics",
    path="/api/v2/employeeperformance/externalmetrics/data",
    options=("type",),
    into="items",
    items=100,
    items_max=100,
    required=("metricId", "dateOccurred", "value"),
    read_results=read_results,
    adapt=with_type,
)
