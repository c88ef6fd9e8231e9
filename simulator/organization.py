"""What the simulated organisation holds: plain JSON values, so that it can be saved and loaded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator import roles

CONFIGURATION_ID = "7c0b1b2e-5c0f-4b8e-9b59-0a4f3f0e6a11"
SCHEMA_ID = "0f6a5a3c-3a53-4d5e-8a0b-5f2b9a8f7d21"
DIVISION_ID = "d1a1c6f0-8f0e-4c39-9a0c-3b9d8f1f4e31"
EXTERNAL_SOURCE_ID = "5b8f2d6c-6a0e-4f3b-8a57-1c9e7d2b4a90"
CONTACT_LIST_ID = "2e4d9f10-7b35-4c1a-9d68-0f5a3b8c6e72"
METRIC_ID = "9a6c3e58-1d47-4b20-8f9e-6d2b5a7c0e14"
USER_ID = "c3d8b5a1-4e92-4f67-8b0d-7a1f6e9c2d35"
QUEUE_ID = "4a7e1c90-2b6d-4f35-9e81-c05d3b8a7f62"


def _schemas() -> dict[str, Any]:
    document = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Relayed events",
        "properties": {},
    }
    return {SCHEMA_ID: {"id": SCHEMA_ID, "version": 1, "enabled": True, "jsonSchema": document}}


def _configurations() -> dict[str, Any]:
    configuration = {
        "id": CONFIGURATION_ID,
        "name": "Relayed events",
        "description": "What the relay writes",
        "divisionId": DIVISION_ID,
        "divisionIdActive": True,
        "schemaId": SCHEMA_ID,
        "schemaActive": True,
        "source": "genesys-relay",
        "selfUri": f"/api/v2/journey/externalevents/configurations/{CONFIGURATION_ID}",
    }
    return {CONFIGURATION_ID: configuration}


def _event_definitions() -> dict[str, Any]:
    return {SCHEMA_ID: {**new_event_definition(SCHEMA_ID, "Relayed events"), **ACTIVATED}}


def _divisions() -> dict[str, Any]:
    return {DIVISION_ID: {"id": DIVISION_ID, "name": "Home", "homeDivision": True}}


def _roles() -> dict[str, Any]:
    return {roles.ROLE_ID: roles.role()}


def _grants() -> list[dict[str, str]]:
    return [{"roleId": roles.ROLE_ID, "divisionId": DIVISION_ID}]


def _external_sources() -> dict[str, Any]:
    return {EXTERNAL_SOURCE_ID: {"id": EXTERNAL_SOURCE_ID, "name": "Shop", "active": True}}


ACTIVATED = {"activationStatus": "Activated", "systemStatus": "Active"}


def new_event_definition(schema_id: str, name: str) -> dict[str, Any]:
    """How journeys show a schema's events (SDK model ExternalEventSummary): not yet at all."""
    return {
        "schemaId": schema_id,
        "eventName": name,
        "displayName": name,
        "rank": 1,
        "activationStatus": "Deactivated",
        "systemStatus": "New",
    }


@dataclass(slots=True)
class Organization:
    """Collections by id. It starts with one division, role, external source, journey configuration
    with its schema, activated; one contact list, external metric, user and queue."""

    divisions: dict[str, Any] = field(default_factory=_divisions)
    roles: dict[str, Any] = field(default_factory=_roles)
    #: the roles of every client, each in a division
    grants: list[dict[str, str]] = field(default_factory=_grants)
    external_sources: dict[str, Any] = field(default_factory=_external_sources)
    schemas: dict[str, Any] = field(default_factory=_schemas)
    configurations: dict[str, Any] = field(default_factory=_configurations)
    event_definitions: dict[str, Any] = field(default_factory=_event_definitions)
    contact_lists: dict[str, Any] = field(default_factory=lambda: {CONTACT_LIST_ID: {}})
    metrics: dict[str, Any] = field(default_factory=lambda: {METRIC_ID: {}})
    users: dict[str, Any] = field(default_factory=lambda: {USER_ID: {}})
    queues: dict[str, Any] = field(default_factory=lambda: {QUEUE_ID: {}})
    #: things that requests can only refer to, by kind: languages, skills, scripts, flows, responses
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    conversations: dict[str, Any] = field(default_factory=dict)
    #: the newest one, by the digest of the request that made it
    conversations_made: dict[str, str] = field(default_factory=dict)
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    external_contacts: dict[str, Any] = field(default_factory=dict)
    contact_ids: dict[str, str] = field(default_factory=dict)  # by an identifier
    dialer_contacts: dict[str, Any] = field(default_factory=dict)  # "list id/contact id"
    #: conversations in Genesys' analytics, and up to when jobs cover them ("": now)
    history: dict[str, Any] = field(default_factory=dict)
    details_available_until: str = ""
    details_jobs: dict[str, Any] = field(default_factory=dict)
    metric_totals: dict[str, list[float]] = field(default_factory=dict)  # [value, count]

    def permits(self, permission: str) -> bool:
        """Whether a role of the client has it, in any division."""
        return roles.permit((self.roles[each["roleId"]] for each in self.grants), permission)

    def has_source(self, source: Any) -> bool:
        """Whether this external source exists and is active: its id, or an object with the id."""
        source_id = source.get("id") if isinstance(source, dict) else source
        known = self.external_sources.get(source_id) if isinstance(source_id, str) else None
        return bool(known and known.get("active"))

    def has(self, kind: str, id_: str) -> bool:
        """Whether a queue, user, contact, conversation or other thing with this id exists."""
        known = {
            "queue": self.queues,
            "user": self.users,
            "contact": self.external_contacts,
            "conversation": self.conversations,
        }
        return id_ in known.get(kind, self.others.get(kind, {}))

    def begin_conversation(
        self, conversation_id: str, participants: Iterable[str], at: str
    ) -> dict[str, Any]:
        """A conversation, with these participants in addition to its own; `at`: an ISO time."""
        conversation: dict[str, Any] = self.conversations.setdefault(
            conversation_id,
            {
                "id": conversation_id,
                "startTime": at,
                "participants": [],
                "state": "connected",
                "selfUri": f"/api/v2/conversations/{conversation_id}",
            },
        )
        known = {participant["id"] for participant in conversation["participants"]}
        conversation["participants"] += [
            {"id": each, "startTime": at} for each in participants if each not in known
        ]
        return conversation
