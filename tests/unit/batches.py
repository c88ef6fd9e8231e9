"""Sealed events and batches to test with."""

import json
import uuid
from dataclasses import replace

from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target, seal

NOW_MS = 1_767_952_800_000
TARGET = Target("journey", "POST", "/api/v2/journey/events", "lists")


def sealed_event(said: str, *, item: str | None = None, conversation: str = "") -> SealedEvent:
    """An event that says `said`."""
    return SealedEvent(
        identity=short(digest("identity", said), 26),
        payload_hash=short(digest("payload", said), 13),
        conversation_id=conversation,
        envelope_id=str(uuid.UUID(bytes=digest("envelope", said)[:16])),
        topic="v2.detail.events.conversation.c.acw",
        correlation_id="",
        accepted_at_ms=NOW_MS - 1000,
        into="entities",
        item=canonical({"said": said}) if item is None else item,
    )


def collision(event: SealedEvent) -> SealedEvent:
    """Another event under the same identity."""
    return replace(event, payload_hash="somethingelse", item='{"said":"something else"}')


def sealed(
    events: list[SealedEvent],
    *,
    target: Target = TARGET,
    nonce: str = "nonce",
    most_events: int = 50,
    most_bytes: int = 500_000,
) -> list[Batch]:
    return list(
        seal(
            target,
            events,
            now_ms=NOW_MS,
            nonce=nonce,
            most_events=most_events,
            most_bytes=most_bytes,
        )
    )


def batch_of(*said: str, nonce: str = "nonce") -> Batch:
    (batch,) = sealed([sealed_event(each) for each in said], nonce=nonce)
    return batch


def said_in(batch: Batch) -> list[str]:
    return [json.loads(event.item)["said"] for event in batch.events]
