"""`/api/v2/analytics/events/write`: the default of the generic destination.

THE REAL PLATFORM HAS NO SUCH PATH: neither the SDK nor any public Genesys text has it. It is any
generic path that a user configures: a list, validated as a whole, no result per item.
"""

from collections.abc import Sequence

from simulator.endpoints.shape import Call, Write, mapping, mappings, nothing_caused, text
from simulator.items import Item, Verdict, digest
from simulator.messages import Reply


def _read(call: Call) -> list[Item]:
    events = mappings(mapping(call.json, "body").get("events"), "events")
    return [
        Item(index, text(event.get("id")) or digest(event), event, False, None)
        for index, event in enumerate(events)
    ]


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    return Reply(200, {"accepted": len(verdicts)})


ENDPOINTS = (
    Write(
        "analytics-events",
        "POST",
        "/api/v2/analytics/events/write",
        max_items=None,
        whole_batch=True,
        causes_events=False,
        read=_read,
        apply=nothing_caused,
        answer=_answer,
    ),
)
