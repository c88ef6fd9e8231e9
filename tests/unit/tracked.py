"""A tracked destination, requests to it, and the events that they cause."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lambdas.relay.assembly.confirm import confirm_deps
from lambdas.relay.assembly.consumers import one_by_one
from lambdas.relay.correlation.checks import event_check, timer
from lambdas.relay.correlation.entries import entries
from lambdas.relay.destinations.correlation import Confirmation, expecting
from lambdas.relay.destinations.destination import Destination, KeyPolicy
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.destinations.truth import Comparison, Truth
from lambdas.relay.functions import confirm
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.outcomes import Deferred
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.ports import Answer, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target, encode, seal
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import opened, opening, sealed_item, settling
from lambdas.relay.requests.tracking import awaiting
from lambdas.relay.routes.configuration import Configuration
from simulation.memory.settings import MemorySettings
from tests.unit.batches import NOW_MS, sealed_event
from tests.unit.world import World

TARGET = Target("calls", "POST", "/api/v2/conversations", "single")
CREATED, ASSIGNED, ENDED = "conversation:created", "routing:assigned", "conversation:ended"


def compare(document: Json, expected: Mapping[str, Json]) -> Comparison:
    found: Comparison = document["is"]
    return found


def copies(document: Json) -> list[str]:
    return list(document.get("copies", ["one"]))


CONFIRMATION = Confirmation(
    match="conversation",
    topics=(CREATED,),
    window_s=10,
    follows=(ASSIGNED, ENDED),
    hold_s=120,
    key="conversationId",
    truth=Truth("/api/v2/conversations/{key}", compare, copies),
)


def destination(confirmation: Confirmation | None = CONFIRMATION) -> Destination:
    return Destination(
        name="calls",
        kind="conversations",
        method="POST",
        path=TARGET.path,
        shape="single",
        into="",
        most_items=1,
        most_bytes=10_000,
        item={},
        key=KeyPolicy(),
        unknown="repost",
        read_results=any_answer,
        confirmation=confirmation,
    )


def request(conversation: str = "c-1", *, items: int = 1) -> Batch:
    """A batch whose items make conversations: `c-1`, `c-1.1`, and so on."""
    events = [
        sealed_event(
            f"{conversation}.{n}",
            item=canonical({"conversationId": conversation if n == 0 else f"{conversation}.{n}"}),
        )
        for n in range(items)
    ]
    (batch,) = seal(
        TARGET,
        events,
        now_ms=NOW_MS,
        nonce=f"nonce {conversation}",
        most_events=items,
        most_bytes=100_000,
    )
    return batch


def caused(
    topic: str = CREATED,
    *,
    conversation: str = "c-1",
    correlation: str = "",
    entity: str = "",
    sequence: int | None = None,
    said: str = "",
    shows: Mapping[str, Json] | None = None,
) -> SealedEvent:
    """An event of a conversation's life, as intake seals it."""
    return replace(
        sealed_event(
            f"{topic} {conversation} {sequence} {said}{entity}", conversation=conversation
        ),
        topic=topic,
        correlation_id=correlation,
        facts=canonical([topic, "", entity, sequence, NOW_MS, dict(shows or {})]),
    )


#: as Genesys itself says it
NOT_THERE = Answer(404, {}, b'{"code": "not.found", "status": 404, "contextId": "c"}')


class Oracle(Genesys):
    """Genesys as far as it is asked: answers what it was told to, and counts."""

    def __init__(self) -> None:
        self.answer: Answer | NotSent | Unanswered | Deferred = NOT_THERE
        self.asked: list[str] = []

    def get(
        self, path: str, correlation_id: str, question: Json = None
    ) -> Answer | NotSent | Unanswered | Deferred:
        self.asked.append(path)
        return self.answer

    def says(self, comparison: Comparison, **more: Any) -> None:
        self.answer = Answer(200, {}, json.dumps({"is": comparison, **more}).encode())


@dataclass
class Desk:
    """Requests, and confirm at work on them."""

    confirmation: Confirmation | None = CONFIRMATION
    world: World = field(default_factory=World)
    genesys: Oracle = field(default_factory=Oracle)

    def __post_init__(self) -> None:
        self.settings = MemorySettings(Configuration(self.destinations(), ()))
        self.deps = replace(confirm_deps(self.world, self.settings), genesys=self.genesys)

    def destinations(self) -> dict[str, Destination]:
        return {"calls": destination(self.confirmation)}

    @property
    def now_ms(self) -> int:
        return self.world.timeline.now_ms

    def seal(self, batch: Batch) -> Batch:
        """As dedup leaves it."""
        item = {**sealed_item(batch, self.now_ms), **expecting(batch, self.confirmation)}
        self.world.table.insert(item)
        for entry in entries(batch, self.confirmation, self.now_ms, sent_at_ms=self.now_ms):
            self.world.table.insert(entry)
        return batch

    def open(self, batch: Batch) -> Batch:
        """As write leaves it while the request is under way."""
        self.seal(batch)
        self.world.table.change(
            *record_key(batch.batch_id), *opening(self.now_ms, self.now_ms + 100_000, "me")
        )
        return batch

    def accept(self, batch: Batch, **more: object) -> Batch:
        """As write leaves it when Genesys has accepted it."""
        self.seal(batch)
        key = record_key(batch.batch_id)
        written = self.world.table.change(*key, *opening(self.now_ms, self.now_ms + 100_000, "me"))
        lease = opened(written, batch.batch_id, "me", self.now_ms)
        assert lease is not None
        assert self.confirmation is not None
        more = {**awaiting(self.now_ms, self.confirmation), **more}
        self.world.table.change(
            *key, *settling(lease, "PENDING_EVENT", self.now_ms, Code.QUOTED("accepted"), **more)
        )
        self.world.documents[sealed_key(batch.batch_id)] = encode(batch)
        return batch

    def amend(self, batch: Batch, **more: object) -> None:
        """As some other function leaves it."""
        key = record_key(batch.batch_id)
        self.world.table.items[key] = {**self.world.table.items[key], **more}

    def hear(self, batch: Batch, event: SealedEvent) -> bool:
        return self.deliver(event_check(event, batch.batch_id))

    def end_window(self, batch: Batch, after_s: float | None = None) -> bool:
        """Lets the window pass and delivers its timer; True when that is done."""
        item = self.item(batch)
        until_ms = int(item["window_until_ms"]) if after_s is None else 0
        wait_s = (until_ms - self.now_ms) / 1000 if after_s is None else after_s
        self.world.timeline.advance(max(0.0, wait_s))
        return self.deliver(timer("window", batch.batch_id, 0))

    def end_hold(self, batch: Batch, after_s: float) -> bool:
        self.world.timeline.advance(after_s)
        return self.deliver(timer("hold", batch.batch_id, 0))

    def deliver(self, check: Outgoing) -> bool:
        queue = self.world.stored_queue("arriving")
        queue.send(replace(check, delay_s=0))
        arrived = queue.receive(1)
        for delivery in arrived:
            queue.delete(delivery)
        deadline_ms = self.now_ms + 60_000
        act = one_by_one(
            lambda d, until_ms: confirm.confirm(d, self.deps, until_ms), self.deps.consumer
        )
        return not act(arrived, deadline_ms)

    def item(self, batch: Batch) -> Mapping[str, Any]:
        return self.world.table.items[record_key(batch.batch_id)]

    def state(self, batch: Batch) -> str:
        return str(self.item(batch)["state"])

    def counted(self, metric: str) -> int:
        return self.world.telemetry.counts[metric]

    def timers(self, kind: str) -> list[int]:
        """Seconds until each timer of a kind that was set."""
        return [
            round((message.visible_at_ms - message.sent_at_ms) / 1000)
            for message in self.world.stored_queue("checks").messages.values()
            if message.attributes.get("kind") == kind
        ]

    def document(self, key: str) -> Any:
        return json.loads(self.world.documents[key])
