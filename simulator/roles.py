"""The roles of the OAuth client: what it may do, by permissions such as `journey:schema:add`.

SDK models AuthzGrantRole and AuthzGrantPolicy. `*` stands for every entity, or every action.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ROLE_ID = "6d1f0c58-93b4-4a7e-8c25-e0b7f9a4d613"
#: entities and actions by domain: what README asks for
GRANTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "analytics": {"conversationDetail": ("view",)},
    "conversation": {
        "callback": ("create",),
        "communication": ("view", "disconnect"),
        "conference": ("add",),
        "conversation": ("inject",),
        "customAttributes": ("edit",),
        "email": ("create",),
        "message": ("create",),
    },
    "employeePerformance": {"externalMetricData": ("add",)},
    "externalContacts": {"contact": ("enrich", "view"), "externalSource": ("add", "view")},
    "journey": {
        "eventDefinition": ("view",),
        "externalEvents": ("activate", "view"),
        "externalEventsConfiguration": ("add", "view"),
        "externalEventsEvent": ("add",),
        "externalEventsSchema": ("add", "view"),
    },
    "outbound": {"contact": ("add", "view")},
}


def role(lacks: Iterable[str] = ()) -> dict[str, Any]:
    """The client's role, without these permissions."""
    missing = frozenset(lacks)
    policies = [
        {"domain": domain, "entityName": entity, "actions": held}
        for domain, entities in GRANTED.items()
        for entity, actions in entities.items()
        if (held := [each for each in actions if f"{domain}:{entity}:{each}" not in missing])
    ]
    return {"id": ROLE_ID, "name": "Relay", "policies": policies}


def permit(roles: Iterable[Mapping[str, Any]], permission: str) -> bool:
    """Whether one of these roles has the permission."""
    domain, entity, action = permission.split(":")
    return any(
        policy["domain"] == domain
        and policy["entityName"] in (entity, "*")
        and not {action, "*"}.isdisjoint(policy["actions"])
        for policy in _policies(roles)
    )


def _policies(roles: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in roles:
        yield from each["policies"]
