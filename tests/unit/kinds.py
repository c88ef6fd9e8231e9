"""One configuration of each kind of destination that its requests can be shown with."""

from typing import Any

from local.genesys.organization import CONFIGURATION_ID

EMAIL = {"type": "'Email'", "value": "join('', ['c', to_string(body.number), '@example.com'])"}
METRIC = {
    "userId": "participant_id || 'u1'",
    "metricId": "'m1'",
    "dateOccurred": "'2026-01-09'",
    "value": "body.number",
    "count": "`1`",
}
METRIC["userId"] = "body.participantId"

#: by kind: its section, the topic of the events that it is shown with, events in one request
KINDS: dict[str, tuple[dict[str, Any], str, int]] = {
    "journey-external-events": ({"configuration_id": CONFIGURATION_ID}, "acw", 50),
    "conversation-events": ({}, "customer.start", 50),
    "external-contacts-enrich": (
        {"item": {"matchingIdentifiers": [EMAIL], "contact": {"firstName": "'Ada'"}}},
        "acw",
        10,
    ),
    "outbound-contacts": (
        {"contact_list_id": "list-1", "item": {"data": {"number": "to_string(body.number)"}}},
        "acw",
        50,
    ),
    "participant-attributes": ({"item": {"attributes": {"topic": "detail_type"}}}, "acw", 1),
    "external-metrics": ({"item": METRIC}, "acw", 50),
    "conversations": ({}, "customer.end", 1),
    "generic": ({}, "acw", 50),
}


def section(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, **KINDS[kind][0], **more}
