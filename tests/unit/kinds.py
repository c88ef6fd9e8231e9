"""One configuration of each kind of destination that its requests can be shown with."""

from typing import Any

from simulator.organization import CONTACT_LIST_ID, METRIC_ID
from tests.unit.simulated import CALL, JOURNEY

EMAIL = {"type": "'Email'", "value": "join('', ['c', to_string(body.number), '@example.com'])"}
METRIC = {
    "userId": "body.participantId",
    "metricId": f"'{METRIC_ID}'",
    "dateOccurred": "'2026-01-09'",
    "value": "body.number",
    "count": "`1`",
}

#: by kind: its section, the topic of the events that it is shown with, events in one request
KINDS: dict[str, tuple[dict[str, Any], str, int]] = {
    "journey-external-events": ({n: v for n, v in JOURNEY.items() if n != "kind"}, "acw", 50),
    "conversation-events": ({}, "customer.end", 50),
    "external-contacts-enrich": (
        {"item": {"matchingIdentifiers": [EMAIL], "contact": {"firstName": "'Ada'"}}},
        "acw",
        10,
    ),
    "outbound-contacts": (
        {
            "contact_list_id": CONTACT_LIST_ID,
            "item": {"data": {"number": "to_string(body.number)"}},
        },
        "acw",
        50,
    ),
    "participant-attributes": ({"item": {"attributes": {"topic": "detail_type"}}}, "acw", 1),
    "external-metrics": ({"item": METRIC}, "acw", 50),
    "conversations": ({"item": CALL["item"]}, "customer.end", 1),
    "generic": ({}, "acw", 50),
}


def section(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, **KINDS[kind][0], **more}
