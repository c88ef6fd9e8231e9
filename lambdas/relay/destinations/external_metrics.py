"""External metrics of employees: figures for their performance, a hundred at a time.

`POST /api/v2/employeeperformance/externalmetrics/data` (SDK GamificationApi). An item has no id:
user, metric and day name it. A `Total` replaces, so a repetition changes nothing. A `Cumulative`
value is added and not idempotent: repeated, it counts twice, and Genesys does not show that. So
after an unknown outcome of those a person decides, unless `unknown = "repost"` is set. What can be
read (GamificationApi.get_gamification_scorecards_user_values_trends: values of a day) is about
metrics of the user's performance profile, and does not name the external metric or its items.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import (
    FAILS_SOMEHOW,
    NO_ITEM,
    ItemFailure,
    Unreadable,
    merged,
)
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import SealedEvent

Type = Literal["Total", "Cumulative"]
#: the members of an item that its result repeats
NAMES = ("userId", "userEmail", "metricId", "value", "count", "type")
#: prefixes of codes that are about the service and not about the item
PASSING = ("service.", "internal.", "too.many", "timeout", "gateway.")


def read_results(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """`{"processedEntities": [...], "unprocessedEntities": [{..., message, code}]}` (SDK model
    ExternalMetricDataWriteResponse): a failure restates its item."""
    if not isinstance(document, dict) or not {"processedEntities", "unprocessedEntities"} & set(
        document
    ):
        return None
    if document.get("errors"):
        return FAILS_SOMEHOW
    rows = document.get("unprocessedEntities") or []
    if not isinstance(rows, list):
        return NO_ITEM
    items = [event.members for event in events]
    failed: list[tuple[int, bool, str]] = []
    for row in rows:
        fitting = [place for place, item in enumerate(items) if _is_of(row, item)]
        if not fitting:
            return NO_ITEM
        # If several items are equal, a row may mean any of them; a surplus row repeats another.
        taken = {place for place, _, _ in failed}
        place = next((place for place in fitting if place not in taken), fitting[-1])
        code = str(row.get("code"))
        failed.append((place, code.startswith(PASSING), f"{code}: {row.get('message')}"))
    failures, processed = merged(failed), document.get("processedEntities")
    spoken_of = len(failures) + (len(processed) if isinstance(processed, list) else 0)
    if processed is not None and spoken_of != len(events):
        return Unreadable(Code.ITEMS_MISSING(spoken_of, len(events)))
    return failures


def _is_of(row: Json, item: Json) -> bool:
    if not isinstance(row, dict) or not {"message", "code"} & set(row):
        return False
    day = str(row.get("dateOccurred"))[:10] == str(item.get("dateOccurred"))[:10]
    return day and all(_same(row.get(name), item.get(name)) for name in NAMES if name in item)


def _same(restated: Json, ours: Json) -> bool:
    """Compares ids case-insensitively, and numbers as numbers or as text."""
    if restated == ours:
        return True
    try:
        return float(restated) == float(ours)
    except (TypeError, ValueError):
        return str(restated).casefold() == str(ours).casefold()


def with_type(destination: Destination, section: Section, where: str) -> Destination:
    """`type = "Total"` or `"Cumulative"`"""
    chosen = section.get("type", "Total")
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
    settings={"type": Setting('"Total" or "Cumulative"', Type)},
    into="items",
    items=100,
    items_max=100,
    required=("metricId", "dateOccurred", "value"),
    read_results=read_results,
    adapt=with_type,
)
