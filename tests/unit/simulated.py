"""The writer against the simulator's core: no socket, virtual time, one instance at a time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lambdas.relay.assembly.clients import genesys_of, rate_limiter_of
from lambdas.relay.assembly.consumers import Function
from lambdas.relay.assembly.write import write_function
from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.rate_limiter import RateLimiter
from lambdas.relay.kernel.limits import LIVE
from lambdas.relay.kernel.ports import Answer, Credentials, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch, SealedEvent, describe, encode, seal
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.rendering import rendered
from simulation.memory.settings import MemorySettings
from simulation.memory.timeline import Timeline
from simulator.faults import NONE, Conduct
from simulator.messages import Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from simulator.platform import GenesysPlatform
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.world import World

SOURCE = f"'{EXTERNAL_SOURCE_ID}'"
#: a conversation's events as steps, each on a timeline of its own
JOURNEY_ITEM = {
    "identifiers": {"externalIds": [{"value": "identity", "externalSourceId": SOURCE}]},
    "attributes": {
        "topic": "detail_type",
        "conversationId": "conversation_id",
        "queueId": "body.queueId",
        "correlationId": "correlation_id",
    },
}
JOURNEY = {
    "kind": "journey-external-events",
    "configuration_id": CONFIGURATION_ID,
    "item": JOURNEY_ITEM,
}
CALL = {
    "kind": "conversations",
    "item": {"phoneNumber": "'+493012345'", "attributes": {"relayId": "id"}},
}
ANSWER_S = 0.2


def configuration(destination: Mapping[str, Any], **route: Any) -> Configuration:
    row = {"name": "all", "destination": "there", **route}
    return parse({"destinations": {"there": destination}, "routes": [row]})


def envelope(number: int, topic: str = "acw", **body: Any) -> str:
    conversation = f"0b0e8b3c-0000-4000-8000-{number:012d}"
    return json.dumps(
        {
            "id": f"e{number}",
            "detail-type": f"v2.detail.events.conversation.{{id}}.{topic}",
            "source": "aws.partner/genesys.com/cloud/x/y",
            "time": "2026-01-09T09:00:00Z",
            "detail": {
                "topicName": f"v2.detail.events.conversation.{conversation}.{topic}",
                "eventBody": {
                    "eventTime": NOW_MS,
                    "conversationId": conversation,
                    "participantId": f"p{number}",
                    "sessionId": f"0b0e8b3c-0000-4000-9000-{number:012d}",
                    "number": number,
                    **body,
                },
            },
        }
    )


@dataclass
class FakeSecrets:
    """Secrets Manager: what is current, and what this instance remembers."""

    current: Credentials = field(default_factory=lambda: Credentials(CLIENT_ID, CLIENT_SECRET))
    cached: Credentials | None = None

    def credentials(self, fresh: bool) -> Credentials:
        if fresh or self.cached is None:
            self.cached = self.current
        return self.cached


@dataclass
class SimulatedHttp:
    timeline: Timeline
    platform: GenesysPlatform
    sent: list[Request] = field(default_factory=list)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        asked = urlsplit(url)
        request = Request(method, asked.path, dict(parse_qsl(asked.query)), headers, body or b"")
        self.sent.append(request)
        answer = self.platform.handle(request)
        wait = min(ANSWER_S + answer.delay_s, LIVE.request_timeout_s)
        self.timeline.advance(wait)
        if answer.dropped:
            return Unanswered(Code.QUOTED("no answer"))
        return Answer(answer.status, answer.headers, answer.body)


class Simulated(World):
    """One writer, its neighbours, and Genesys."""

    def __init__(
        self,
        configured: Configuration | None = None,
        conduct: Conduct = NONE,
        *,
        headroom: int = 0,
    ) -> None:
        super().__init__()
        self.configuration = configured or configuration(JOURNEY)
        self.platform = GenesysPlatform(lambda: self.timeline.now_ms / 1000, Random(1), conduct)
        self.http: SimulatedHttp = SimulatedHttp(self.timeline, self.platform)
        self.secrets: FakeSecrets = FakeSecrets()
        self.settings = MemorySettings(self.configuration, headroom=headroom)
        self.write = self.writer()

    def rate_limiter(self) -> RateLimiter:
        return rate_limiter_of(self, self.settings)

    def genesys(self) -> Genesys:
        return genesys_of(self, self.settings, self.rate_limiter())

    def writer(self) -> Function:
        """Another instance: it shares the ledger and nothing else."""
        return write_function(self, self.settings)

    def _exists(self, event: Event) -> None:
        """Genesys has what it publishes events about."""
        participant = event.body.get("participantId")
        participants = [participant] if isinstance(participant, str) else []
        if event.conversation_id:
            self.platform.org.begin_conversation(event.conversation_id, participants, "")
            self.platform.org.users |= {each: {} for each in participants}

    def batch(self, texts: Sequence[str], nonce: str = "n") -> Batch:
        """The events as intake seals them, claimed and sent on as dedup does."""
        route = self.configuration.routes[0]
        events = []
        for text in texts:
            event = parse_event(text, NOW_MS)
            self._exists(event)
            made = rendered(route, event)
            target = made.target
            events.append(
                SealedEvent(
                    identity=event.identity,
                    payload_hash=event.payload_hash,
                    conversation_id=event.conversation_id or "",
                    envelope_id=event.envelope_id,
                    topic=event.topic,
                    correlation_id="",
                    accepted_at_ms=event.accepted_at_ms,
                    into=made.into,
                    item=made.item,
                )
            )
        (batch,) = seal(
            target, events, now_ms=NOW_MS, nonce=nonce, most_events=1000, most_bytes=500_000
        )
        self.table.insert(sealed_item(batch, self.timeline.now_ms))
        self.stored_queue("writes").send(Outgoing(encode(batch), describe(batch)))
        return batch

    def write_once(self, writer: Function | None = None) -> bool:
        """One invocation; returns whether there was a message for it."""
        deliveries = self.stored_queue("writes").receive(1)
        deadline_ms = self.timeline.now_ms + LIVE.function_timeout_s["write"] * 1000
        kept = (writer or self.write)(deliveries, deadline_ms)
        for delivery in deliveries:
            if delivery.message_id not in kept:
                self.stored_queue("writes").delete(delivery)
        return bool(deliveries)

    def write_all(self, most_s: float = 3600) -> None:
        """Until the queue is empty."""
        until_ms = self.timeline.now_ms + most_s * 1000
        while self.stored_queue("writes").messages and self.timeline.now_ms < until_ms:
            if not self.write_once():
                self.timeline.advance(1)

    def state(self, batch: Batch) -> str:
        return Record.of(self.table.items[record_key(batch.batch_id)]).state

    def posts(self) -> list[Request]:
        return [r for r in self.http.sent if r.path != "/oauth/token" and r.method != "GET"]

    def taken(self) -> list[str]:
        return [effect.item_id for effect in self.platform.record.effects]

    def in_review(self) -> list[dict[str, Any]]:
        return [json.loads(d) for key, d in self.documents.items() if key.startswith("review/")]
