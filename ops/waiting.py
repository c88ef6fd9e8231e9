"""What waits for a person: parked requests, and the quarantine's unreadable messages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.attention.resolution import Parked, find
from lambdas.relay.ledger.requests import REVIEW
from lambdas.relay.moments import iso
from ops.attention import read_attention
from ops.connection import Relay
from ops.errors import OpsError

QUARANTINE = "quarantine/"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case."""

    #: a batch id, or a quarantined message's name
    name: str
    state: str
    reason: str
    since: str
    destination: str
    events: int

    @property
    def is_request(self) -> bool:
        return self.state != "QUARANTINED"


def requests_of(relay: Relay, most: int) -> list[Waiting]:
    """The parked requests, oldest first."""
    entries = read_attention(relay, REVIEW, most)
    items = relay.ledger.find([(f"R#{entry.batch_id}", "R") for entry in entries])
    return [
        Waiting(
            name=entry.batch_id,
            state=entry.state,
            reason=str(item.get("reason", "")),
            since=iso(entry.due_at_s * 1000),
            destination=entry.destination,
            events=len(item.get("events", ())),
        )
        for entry, item in zip(entries, items, strict=True)
        if item is not None
    ]


def quarantined(relay: Relay, most: int) -> list[Waiting]:
    """What nobody could read."""
    bucket = relay.output("VaultBucketName")
    pages = relay.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=QUARANTINE, PaginationConfig={"MaxItems": most}
    )
    names = [
        row["Key"].removeprefix(QUARANTINE).removesuffix(".json")
        for page in pages
        for row in page.get("Contents", [])
    ]
    return [_quarantined(name, quarantine_document(relay, name)) for name in names]


def _quarantined(name: str, document: dict[str, Any]) -> Waiting:
    since = iso(int(document.get("at_ms", 0)))
    return Waiting(name, "QUARANTINED", str(document.get("reason", "")), since, "-", 0)


def quarantine_key(name: str) -> str:
    return f"{QUARANTINE}{name}.json"


def quarantine_document(relay: Relay, name: str) -> dict[str, Any]:
    """{"reason", "at_ms", "message"}. Raises OpsError where there is none."""
    text = relay.vault.fetch(quarantine_key(name))
    if text is None:
        raise OpsError(f"Nothing of the name {name} waits: `relay review list` names what does.")
    document: dict[str, Any] = json.loads(text)
    return document


def is_batch_id(name: str) -> bool:
    """Batch ids are UUIDs, quarantined messages have names without hyphens."""
    return name.count("-") == 4


def whole_id(relay: Relay, name: str, most: int) -> str:
    """The id that begins so. Raises OpsError where none or several do."""
    if len(name) in (36, 26):
        return name
    every = [*requests_of(relay, most), *quarantined(relay, most)]
    found = [case.name for case in every if case.name.startswith(name)]
    if len(found) != 1:
        told = "Nothing" if not found else f"{len(found)} cases"
        raise OpsError(f"{told} waiting begins with {name}: see `relay review list`.")
    return found[0]


def events_of(parked: Parked) -> Sequence[dict[str, Any]]:
    """The events of a parked request, item by item."""
    if parked.batch is None:
        return ()
    return [
        {
            "identity": event.identity,
            "conversation": event.conversation_id,
            "topic": event.topic,
            "envelope": event.envelope_id,
            "item": json.loads(event.item),
        }
        for event in parked.batch.events
    ]


def parked_request(relay: Relay, batch_id: str) -> Parked:
    return find(batch_id, relay.ledger, relay.vault)
