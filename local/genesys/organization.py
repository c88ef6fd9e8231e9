"""What the simulated organisation holds: plain JSON values, so that it can be saved and loaded."""

from dataclasses import dataclass, field
from typing import Any

CONFIGURATION_ID = "7c0b1b2e-5c0f-4b8e-9b59-0a4f3f0e6a11"
SCHEMA_ID = "0f6a5a3c-3a53-4d5e-8a0b-5f2b9a8f7d21"
DIVISION_ID = "d1a1c6f0-8f0e-4c39-9a0c-3b9d8f1f4e31"


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
        "divisionId": DIVISION_ID,
        "divisionIdActive": True,
        "schemaId": SCHEMA_ID,
        "schemaActive": True,
        "source": "genesys-relay",
        "selfUri": f"/api/v2/journey/externalevents/configurations/{CONFIGURATION_ID}",
    }
    return {CONFIGURATION_ID: configuration}


@dataclass(slots=True)
class Organization:
    """Collections by id. One journey configuration and its schema are there from the start."""

    schemas: dict[str, Any] = field(default_factory=_schemas)
    configurations: dict[str, Any] = field(default_factory=_configurations)
    conversations: dict[str, Any] = field(default_factory=dict)
    conversations_made: dict[str, str] = field(default_factory=dict)  # newest, by item id
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    external_contacts: dict[str, Any] = field(default_factory=dict)
    contact_ids: dict[str, str] = field(default_factory=dict)  # "type:value" of an identifier
    dialer_contacts: dict[str, Any] = field(default_factory=dict)  # "list id/contact id"
    metric_totals: dict[str, list[float]] = field(default_factory=dict)  # [value, count]
