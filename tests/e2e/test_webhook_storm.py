"""A storm against the webhook, over real HTTP on loopback: its answers keep their meaning.

The handler and everything behind it is the production code. demo.webhook in front of it replaces
API Gateway, and the memory world behind it SQS, DynamoDB and Genesys.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest
import requests

from demo.webhook import serving
from examples.post_to_webhook import headers
from lambdas import webhook
from lambdas.relay.assembly.webhook import webhook_function
from lambdas.relay.entrances.proofs import Request
from lambdas.relay.functions.webhook import Reply
from lambdas.relay.kernel.limits import SOURCE_RETENTION_S
from simulation.functions import FUNCTIONS, Instance, Neighbours
from simulation.memory.credentials import StoredSecret
from simulation.memory.faults import Fault
from simulation.memory.gate import OpenGate
from simulation.memory.genesys import Conduct, GenesysServer
from simulation.memory.queues import StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.table import Table
from simulation.memory.telemetry import MemoryTelemetry
from simulation.memory.timeline import Timeline
from stacks.schema.parsing import parse

KEY = "k" * 64
KEYS = {"shop": KEY}
EVENTS, COPIES, CLIENTS = 120, 8, 8
PATH = "/api/v2/journey/externalevents/configurations/c1/events"
SOURCE_ID = "0b0e8b3c-0000-4000-8000-000000000001"
ITEM = {
    "said": "body.id",
    "identifiers": {"externalIds": [{"value": "identity", "externalSourceId": f"'{SOURCE_ID}'"}]},
    "attributes": {"said": "body.id"},
}
CONFIGURATION = {
    "destinations": {"journey": {"kind": "journey-external-events", "configuration_id": "c1"}},
    "routes": [{"name": "all", "destination": "journey", "item": ITEM}],
}
CONSUMERS = {"events": "intake", "batches": "dedup", "writes": "write", "checks": "confirm"}


class Refusing:
    """The queue refuses a share of what is sent to it, and accepts a share unconfirmed."""

    def __init__(self, share: float, unheard_share: float = 0) -> None:
        self.random = Random(3)
        self.shares: Mapping[Fault, float] = {
            "send refused": share,
            "send answer lost": unheard_share,
        }
        self.struck: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        hit = fault in self.shares and self.random.random() < self.shares[fault]
        self.struck[fault] += hit
        return hit

    def one_of(self, faults: Sequence[Fault]) -> Fault | None:
        return next((fault for fault in faults if self.strikes(fault)), None)

    def fraction(self) -> float:
        return 0.5


class Relay:
    """The whole relay in memory, at the current time."""

    def __init__(self, now_ms: int) -> None:
        self.timeline = Timeline(now_ms)
        self.gate = OpenGate(self.timeline)
        self.queues: dict[str, StoredQueue] = {}
        for name in CONSUMERS:
            for each in (f"{name}-dead", name):
                self.queues[each] = StoredQueue(
                    each, self.timeline, Random(1), visibility_s=420, retention_s=SOURCE_RETENTION_S
                )
        secret = StoredSecret()
        self.server = GenesysServer(
            timeline=self.timeline, secret=secret, conducts={PATH: Conduct(keys="honoured")}
        )
        neighbours = Neighbours(
            timeline=self.timeline,
            gate=self.gate,
            faults=Refusing(0),
            random=Random(1),
            table=Table(),
            queues=self.queues,
            documents={},
            server=self.server,
            secret=secret,
            sender_keys=KEYS,
            telemetry=MemoryTelemetry(),
            settings=MemorySettings(parse(CONFIGURATION), replay_window_s=3600),
        )
        self.neighbours = neighbours
        self.instances = {verb: Instance(neighbours, 0) for verb in CONSUMERS.values()}

    def entrance(self, faults: Refusing) -> Callable[[Request], Reply]:
        instance = Instance(replace(self.neighbours, faults=faults), 0)
        return webhook_function(instance, instance.settings)

    def works(self) -> None:
        """Until every queue is empty."""
        functions = {verb: FUNCTIONS[verb](self.instances[verb]) for verb in CONSUMERS.values()}
        for _ in range(2_000):
            if not any(self.queues[name].messages for name in CONSUMERS):
                return
            for name, verb in CONSUMERS.items():
                arrived = self.queues[name].receive(1 if verb == "write" else 10)
                if arrived:
                    kept = functions[verb](arrived, self.timeline.now_ms + 60_000)
                    for delivery in arrived:
                        if delivery.message_id not in kept:
                            self.queues[name].delete(delivery)
            self.timeline.advance(1)
        raise AssertionError("work is left")

    def delivered(self) -> Counter[str]:
        return Counter(effect.item["said"] for effect in self.server.effects)


def storm(url: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Every copy once, in no order, by several clients at a time: event, status and answer."""
    asked = [f"e-{number}" for number in range(EVENTS) for _ in range(COPIES)]
    Random(4).shuffle(asked)
    sessions = threading.local()

    def post(event_id: str) -> tuple[str, int, dict[str, Any]]:
        if not hasattr(sessions, "session"):
            sessions.session = requests.Session()
        step = {"type": "cart.filled", "createdTime": 1_767_952_800, "data": {"n": event_id}}
        event = {"id": event_id, **step}
        body = json.dumps(event).encode()
        answer = sessions.session.post(
            f"{url}/events/shop",
            body,
            headers=headers(f"{url}/events/shop", KEY, body),
            timeout=600,
        )
        return event_id, answer.status_code, answer.json()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(post, asked))


@pytest.mark.parametrize("unheard_share", [0, 0.2])
def test_every_200_is_delivered_once_and_a_503_was_not_queued_or_is_a_copy_once_sent_again(
    monkeypatch: pytest.MonkeyPatch, unheard_share: float
) -> None:
    for name, value in {
        "RELAY_ENVIRONMENT": "storm",
        "POWERTOOLS_SERVICE_NAME": "webhook",
        "POWERTOOLS_METRICS_NAMESPACE": "GenesysRelay",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }.items():
        monkeypatch.setenv(name, value)
    now_s = int(headers("shop", KEY, b"")["x-relay-timestamp"])
    relay, faults, one_at_a_time = (
        Relay(now_s * 1000),
        Refusing(0.55, unheard_share),
        threading.Lock(),
    )
    entrance = relay.entrance(faults)
    monkeypatch.setattr(webhook, "function", lambda: entrance)

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        with one_at_a_time:  # the memory world knows no threads
            return webhook.handler(event, None)  # type: ignore[arg-type]

    with serving(handler, per_second=20, burst=300, clock=count(0, 0.01).__next__) as url:
        answers = storm(url)

    statuses = Counter(status for _, status, _ in answers)
    taken = {event for event, status, _ in answers if status == 200}
    assert set(statuses) == {200, 429, 503}
    unheard = faults.struck["send answer lost"]
    assert statuses[503] == faults.struck["send refused"] + unheard
    assert relay.queues["events"].taken == statuses[200] + unheard
    assert all("error" in told for _, status, told in answers if status == 503)
    assert len(taken) > EVENTS / 4

    relay.works()

    delivered = relay.delivered()
    assert taken <= delivered.keys()
    assert len(delivered) - len(taken) <= unheard
    assert set(delivered.values()) == {1}
