"""What waits for a person: parked requests, and unreadable messages in quarantine."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.time_format import iso
from lambdas.relay.kernel.vault_keys import QUARANTINE
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.states import REVIEW
from lambdas.relay.review.quarantined import name_of, quarantine_key
from lambdas.relay.review.resolution import Parked, find
from ops.attention import Entry, batch_ids, read_attention
from ops.connection import Relay
from ops.errors import OpsError


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case."""

    #: a batch id, or a quarantined message's name
    name: str
    state: str
    #: as it is stored (relay/kernel/reasons.py)
    reason: str
    since: str
    destination: str
    events: int

    @property
    def is_request(self) -> bool:
        return self.state != "QUARANTINED"


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases, up to the limit for reading them."""

    found: Sequence[Waiting]
    may_be_more: bool


def cases(relay: Relay, most: int) -> Cases:
    """At most `most` of each kind."""
    entries = read_attention(relay, REVIEW, most)
    names = [one.name for one in quarantined(relay, most)]
    messages = [_waiting(name, quarantine_document(relay, name)) for name in names]
    found = [*_requests(relay, entries), *messages]
    return Cases(found, len(entries) >= most or len(names) >= most)


def _requests(relay: Relay, entries: Sequence[Entry]) -> list[Waiting]:
    """The parked requests, oldest first."""
    items = relay.ledger.find([record_key(entry.batch_id) for entry in entries])
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


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not be read, by its name and age only."""

    name: str
    since_ms: int


def quarantined(relay: Relay, most: int | None, beginning: str = "") -> list[Quarantined]:
    """The unreadable messages whose names start so, at most `most`; None: all."""
    bucket = relay.output("VaultBucketName")
    pages = relay.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket,
        Prefix=f"{QUARANTINE}{beginning}",
        PaginationConfig={"MaxItems": most} if most else {},
    )
    return [
        Quarantined(
            name_of(row["Key"]),
            int(row["LastModified"].timestamp() * 1000),
        )
        for page in pages
        for row in page.get("Contents", [])
    ]


def _waiting(name: str, document: dict[str, Any]) -> Waiting:
    since = iso(int(document.get("at_ms", 0)))
    return Waiting(name, "QUARANTINED", str(document.get("reason", "")), since, "-", 0)


def quarantine_document(relay: Relay, name: str) -> dict[str, Any]:
    """{"reason", "at_ms", "message"}. Raises OpsError if there is none."""
    text = relay.vault.fetch(quarantine_key(name))
    if text is None:
        raise OpsError(f"No case is called {name}: `relay review list` shows those that wait.")
    document: dict[str, Any] = json.loads(text)
    return document


def is_batch_id(name: str) -> bool:
    """Batch ids are UUIDs; names of quarantined messages have no hyphens."""
    return name.count("-") == 4


def whole_id(relay: Relay, name: str) -> str:
    """The id that starts so, among all cases: a decision must not hit another case than the one
    meant. Raises OpsError if none or several start so, or if it is empty."""
    name = name.strip().lower()
    if not name:
        raise OpsError("Which case? Give its id or the beginning of it: see `relay review list`.")
    if len(name) in (36, 26):
        return name
    found = [b for b in batch_ids(relay, REVIEW) if b.startswith(name)]
    found += [one.name for one in quarantined(relay, None, name)]
    if len(found) != 1:
        told = f"{len(found)} cases waiting begin" if found else "Nothing waiting begins"
        raise OpsError(f"{told} with {name}: see `relay review list`.")
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
