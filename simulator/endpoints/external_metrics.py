"""External metrics of employees: at most 100 items; `Total` is idempotent, `Cumulative` is not.

SDK GamificationApi, models ExternalMetricDataWriteRequest and -Response. An item has no id: user,
metric and day identify it, for `Cumulative` together with its content (each one adds).
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft
from simulator.endpoints.shape import Call, Write, mapping, mappings
from simulator.items import Item, Rejection, Verdict, digest
from simulator.messages import Reply
from simulator.organization import USER_ID

ITEMS_MAX = 100  # SDK, ExternalMetricDataWriteRequest


def _read(call: Call) -> list[Item]:
    items = mappings(mapping(call.json, "body").get("items"), "items")
    return [_item(call, index, item) for index, item in enumerate(items)]


def _item(call: Call, index: int, item: dict[str, Any]) -> Item:
    total = item.get("type", "Total") == "Total"
    item_id = _name(item) if total else f"{_name(item)}#{digest(item)[:12]}"
    return Item(index, item_id, item, total, _problem(call, item))


def _problem(call: Call, item: dict[str, Any]) -> Rejection | None:
    if bool(item.get("userId")) == bool(item.get("userEmail")):
        return Rejection(400, "Either userId or userEmail is required", False)
    if item.get("userId", USER_ID) not in call.org.users:
        return Rejection(404, "User not found", False)
    if item.get("metricId") not in call.org.metrics:
        return Rejection(404, "Metric definition not found", False)
    return None


def _name(item: dict[str, Any]) -> str:
    user = item.get("userId") or item.get("userEmail")
    return f"{user}/{item.get('metricId')}/{item.get('dateOccurred')}"


def _apply(call: Call, item: Item) -> list[Draft]:
    value, count = float(item.content["value"]), float(item.content.get("count") or 0)
    totals = call.org.metric_totals
    before = totals.get(_name(item.content), [0.0, 0.0])
    after = [value, count] if item.idempotent else [before[0] + value, before[1] + count]
    totals[_name(item.content)] = after
    return []


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    processed: list[dict[str, Any]] = []
    unprocessed: list[dict[str, Any]] = []
    for verdict in verdicts:
        content, rejection = verdict.item.content, verdict.rejection
        if rejection is None:
            total = call.org.metric_totals.get(_name(content), [0.0, 0.0])
            processed.append({**content, "totalValue": total[0], "totalCount": int(total[1])})
        else:
            code = "service.unavailable" if rejection.retryable else "invalid.value"
            unprocessed.append({**content, "message": rejection.message, "code": code})
    return Reply(200, {"processedEntities": processed, "unprocessedEntities": unprocessed})


ENDPOINTS = (
    Write(
        "external-metrics",
        "POST",
        "/api/v2/employeeperformance/externalmetrics/data",
        max_items=ITEMS_MAX,
        whole_batch=False,
        causes_events=False,
        read=_read,
        apply=_apply,
        answer=_answer,
        permissions=("employeePerformance:externalMetricData:add",),
    ),
)
