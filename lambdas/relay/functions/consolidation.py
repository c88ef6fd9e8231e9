"""Consolidation: under backpressure, small batches are merged into a few large ones before they
claim.

Requests are scarce, and one can carry 50 events, but events that arrive singly are sealed in small
batches so that they do not wait. While requests wait anyway, this gains nothing: small batches are
held for a moment, and those that are received together are sealed again as one.

    small ones ──▶ marked MERGED ──▶ their events sealed anew and sent ──▶ acked
                   │                 ╰ a crash before this: whoever receives a marked batch seals
                   ╰ none of them will ever claim    its events anew, alone or with others

A batch that has a record is not merged, since it may own claims. The mark is the same conditional
put as that record, so only one of the two can exist. An event that is sent twice after a crash
between sending and acking is claimed once: the copy is a duplicate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup, unclaimed
from lambdas.relay.genesys.backpressure import Backpressure
from lambdas.relay.kernel.errors import Malformed, Transient
from lambdas.relay.kernel.limits import (
    CONSOLIDATE_EVERY_S,
    CONSOLIDATED_AGE_MAX_S,
    CONSOLIDATIONS_MAX,
    REQUEST_FRAME_BYTES,
)
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.dead_letters import ATTEMPTS, count
from lambdas.relay.messages.glimpse import lane_of
from lambdas.relay.messages.sealing import CONSOLIDATIONS, Batch, SealedEvent, Target, decode, seal
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.sending import merged_item

#: receives that are left for a batch that is not merged
RECEIVES_SPARED = 3


@dataclass(frozen=True, slots=True)
class Deps:
    dedup: DedupDeps
    backpressure: Backpressure
    destinations: Mapping[str, Destination]


@dataclass(frozen=True, slots=True)
class _Small:
    """A batch that may be merged."""

    delivery: Delivery
    batch: Batch


def dedup_together(arrived: Sequence[Delivery], deps: Deps, deadline_ms: int) -> list[str]:
    """Deduplicates an invocation's messages; returns the ids of those that stay. `deadline_ms` is
    the invocation's end."""
    groups: dict[Target, list[_Small]] = {}
    alone: list[Delivery] = []
    for delivery in arrived:
        small = _small(delivery, deps)
        if small is None:
            alone.append(delivery)
        else:
            groups.setdefault(small.batch.target, []).append(small)
    kept: list[str] = []
    for group in groups.values():
        left, held = _consolidate(group, deps)
        alone += left
        kept += held
    return kept + settle_each(
        alone, lambda d: dedup(d, deps.dedup), deps.dedup.consumer, deadline_ms
    )


def _small(delivery: Delivery, deps: Deps) -> _Small | None:
    """The batch, if it may be merged. For most messages the attributes decide."""
    said, consumer = delivery.attributes, deps.dedup.consumer
    destination = deps.destinations.get(said.get("destination", ""))
    if destination is None or ATTEMPTS in said or not count(said, "events"):
        return None
    is_last = consumer.receives_max is not None and (
        delivery.receives >= consumer.receives_max - RECEIVES_SPARED
    )
    is_full = count(said, "events") >= destination.most_items
    is_urgent = lane_of(delivery.body) == "first"
    if is_full or is_urgent or is_last or _times(delivery) < 0:
        return None
    now_ms = consumer.clock.now_ms()
    try:
        if not deps.backpressure.on(destination.name, now_ms):
            return None
        batch = decode(delivery.body)
    except (Transient, Malformed):
        return None  # dedup reports it
    if deps.dedup.known.holds_copies_only(batch, now_ms):
        return None  # dedup drops it without calling the ledger
    is_young = now_ms - batch.oldest_ms < CONSOLIDATED_AGE_MAX_S * 1000
    return _Small(delivery, batch) if is_young else None


def _times(delivery: Delivery) -> int:
    """How often its events may still be consolidated; negative for never."""
    return CONSOLIDATIONS_MAX - count(delivery.attributes, CONSOLIDATIONS) - 1


def _consolidate(group: Sequence[_Small], deps: Deps) -> tuple[list[Delivery], list[str]]:
    """Merges a group, or holds it until more have come; returns the batches that are not merged and
    the ids of the messages that stay."""
    consumer = deps.dedup.consumer
    destination = deps.destinations[group[0].batch.target.destination]
    events = sum(len(small.batch.events) for small in group)
    is_news = all(small.delivery.receives == 1 for small in group)
    if is_news and events < destination.most_items:
        return [], _hold(group, deps, until_next_s(consumer.clock.now_ms()))
    if len(group) == 1:
        return [group[0].delivery], []
    try:
        return _merge(group, destination, deps), []
    except Transient as transient:
        consumer.telemetry.note("not consolidated", reason=transient.reason)
        return [], _hold(group, deps, 1.0)
    except Malformed as malformed:
        consumer.telemetry.note("not consolidated", reason=malformed.reason)
        return [small.delivery for small in group], []


def until_next_s(now_ms: int) -> float:
    """All held messages become visible at the same time, so that they are received together."""
    every_ms = CONSOLIDATE_EVERY_S * 1000
    return (every_ms - now_ms % every_ms) / 1000


def _hold(group: Sequence[_Small], deps: Deps, seconds: float) -> list[str]:
    consumer = deps.dedup.consumer
    for small in group:
        try:
            consumer.source.change_visibility(small.delivery, seconds)
        except Transient as transient:
            # It stays in any case, and comes back when its visibility timeout ends.
            consumer.telemetry.note("not put off", reason=transient.reason)
    return [small.delivery.message_id for small in group]


def _merge(group: Sequence[_Small], destination: Destination, deps: Deps) -> list[Delivery]:
    """Marks the batches, seals their events again and sends them; returns those that have a record
    and are not merged. A batch that was marked but not sent, because of a crash or a Transient, is
    still in its queue."""
    consumer, now_ms = deps.dedup.consumer, deps.dedup.consumer.clock.now_ms()
    marks = deps.dedup.ledger.insert([merged_item(small.batch, now_ms) for small in group])
    events: list[SealedEvent] = []
    alone: list[Delivery] = []
    merged: list[_Small] = []
    for small, mark in zip(group, marks, strict=True):
        if not mark.applied and mark.before is None:
            raise Transient(Code.LEDGER_SILENT())
        if mark.applied or Record.of(mark.before or {}).state == "MERGED":
            merged.append(small)
            events += small.batch.events
        else:
            alone.append(small.delivery)
    if merged:
        times = max(count(small.delivery.attributes, CONSOLIDATIONS) for small in merged)
        made = seal(
            merged[0].batch.target,
            events,
            now_ms=now_ms,
            nonce=consumer.entropy.token(),
            most_events=destination.most_items,
            most_bytes=destination.most_bytes - REQUEST_FRAME_BYTES,
        )
        consumer.source.send(unclaimed(made, times + 1))
        consumer.telemetry.count("Consolidated", len(merged))
    return alone
