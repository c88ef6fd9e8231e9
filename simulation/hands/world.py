"""A small world: three events on their way through the assembled functions, and Genesys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal
from urllib.parse import urlsplit

from lambdas.relay.assembly.confirm import confirm_function
from lambdas.relay.assembly.consumers import Function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.reconcile import reconcile_function
from lambdas.relay.assembly.write import write_function
from lambdas.relay.kernel.limits import (
    DAY_S,
    LIVE,
    MESSAGES_PER_INVOCATION,
    QUEUES,
    RECEIVES_MAX,
    RECONCILE_EVERY_S,
    SOURCE_RETENTION_S,
)
from lambdas.relay.kernel.ports import Answer, Credentials, Item, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.requests.states import OVERDUE
from lambdas.relay.routes.configuration import Configuration
from simulation.memory.clock import MemoryClock, SeededEntropy
from simulation.memory.credentials import PERSONAL_KEY, MemoryPersonalKey, MemorySenderKeys
from simulation.memory.faults import CALM
from simulation.memory.gate import OpenGate
from simulation.memory.ledger import MemoryLedger
from simulation.memory.queues import MemoryQueue, StoredQueue
from simulation.memory.records import MemoryRecords
from simulation.memory.settings import MemorySettings
from simulation.memory.table import Key, Table
from simulation.memory.telemetry import MemoryTelemetry
from simulation.memory.timeline import Timeline
from simulation.memory.vault import MemoryVault
from simulation.workload import START_MS
from simulator.faults import NONE
from simulator.messages import Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from simulator.platform import LOGIN_PATH, GenesysPlatform
from stacks.schema.parsing import parse

EVENTS = 3
#: so many of these are sealed together, the others by themselves
TOGETHER = 2
#: everything is at rest long before that
END_S = 16 * DAY_S
#: after a day, only one in twelve of reconcile's runs takes place: little can happen between them
RARELY_S = 12 * RECONCILE_EVERY_S
ANSWER_S = 0.2
END_MS = 1 << 62
PARTNER = "aws.partner/genesys.com/cloud/organisation/relay"
#: an order becomes a step of the customer's journey; those of a batch go out in one request
STEPS = parse(
    {
        "destinations": {
            "journey": {
                "kind": "journey-external-events",
                "configuration_id": CONFIGURATION_ID,
                "external_source_id": EXTERNAL_SOURCE_ID,
            }
        },
        "routes": [{"name": "steps", "destination": "journey", "topics": ["order.*"]}],
    }
)
#: an order has Genesys call the customer; each call is a request of its own, and an event that it
#: causes is awaited
CALLS = parse(
    {
        "destinations": {
            "calls": {
                "kind": "conversations",
                "item": {
                    "phoneNumber": "'+493012345'",
                    "attributes": {"customer": "body.identifiers.customerId"},
                },
            }
        },
        "routes": [{"name": "calls", "destination": "calls", "topics": ["order.*"]}],
    }
)


#: the instance dies before or after a write; one item of a write fails; Genesys refuses a write; it
#: does not answer a query
Wrong = Literal["", "dies before", "dies after", "fails one", "refuses", "says nothing"]
REFUSED = Answer(
    400, {}, b'{"status": 400, "code": "bad.request", "message": "No.", "contextId": "c"}'
)


class Killed(BaseException):
    """The instance dies here; no function takes it for a failure of its own."""


@dataclass
class Wire:
    """Genesys behind the port of HTTP; an instance can die before or after a request."""

    timeline: Timeline
    platform: GenesysPlatform
    #: what goes wrong with the next requests
    wrong: Wrong = ""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        is_write = method == "POST" and urlsplit(url).path != LOGIN_PATH
        if is_write and self.wrong == "dies before":
            raise Killed
        if is_write and self.wrong == "refuses":
            return REFUSED
        if method == "GET" and self.wrong == "says nothing":
            return Unanswered(Code.ANSWER_WITHOUT_END())
        sent = body or b""
        if is_write and self.wrong == "fails one":
            sent = json.dumps({"entities": json.loads(sent)["entities"][1:]}).encode()
        answer = self.platform.handle(Request(method, urlsplit(url).path, {}, headers, sent))
        self.timeline.advance(ANSWER_S)
        if is_write and self.wrong == "dies after":
            raise Killed
        if is_write and self.wrong == "fails one":
            failed = {"originalRequestIndex": 0, "isRetryable": True, "statusCode": 503}
            told = json.dumps({"unprocessedEntities": [failed]}).encode()
            return Answer(answer.status, answer.headers, told)
        return Answer(answer.status, answer.headers, answer.body)


class Secrets:
    """Implements relay.kernel.ports.Secrets."""

    def credentials(self, fresh: bool) -> Credentials:
        return Credentials(CLIENT_ID, CLIENT_SECRET)


@dataclass
class World:
    """The assembled functions behind their queues. Implements relay.kernel.ports.Ports."""

    configuration: Configuration = STEPS
    timeline: Timeline = field(default_factory=lambda: Timeline(START_MS))
    table: Table = field(default_factory=Table)
    documents: dict[str, str] = field(default_factory=dict)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)

    def __post_init__(self) -> None:
        self.stored: dict[str, StoredQueue] = {}
        for name in QUEUES:
            dead = StoredQueue(
                f"{name}-dead", self.timeline, Random(7), visibility_s=60, retention_s=END_S
            )
            self.stored[f"{name}-dead"] = dead
            self.stored[name] = StoredQueue(
                name,
                self.timeline,
                Random(7),
                visibility_s=LIVE.visibility_s[name],
                retention_s=SOURCE_RETENTION_S,
                receives_max=RECEIVES_MAX[name],
                dead=dead,
            )
        gate = OpenGate(self.timeline)
        self.clock = MemoryClock(self.timeline, gate)
        self.entropy = SeededEntropy(Random(7))
        self.ledger = MemoryLedger(self.table, gate, CALM, self.timeline)
        self.vault = MemoryVault(self.documents, gate, CALM)
        self.platform = GenesysPlatform(lambda: self.timeline.now_ms / 1000, Random(1), NONE)
        self.http = Wire(self.timeline, self.platform)
        self.secrets = Secrets()
        self.sender_keys = MemorySenderKeys({}, gate, CALM)
        self.signing_keys = MemorySenderKeys({}, gate, CALM)
        self.personal_key = MemoryPersonalKey(PERSONAL_KEY, gate, CALM)
        self._gate = gate
        #: when reconcile first counted a request as overdue, which rings the alarm
        self.overdue_ms: int | None = None
        #: the ledger as it was when all was claimed, and nothing sent
        self.as_claimed: dict[Key, Item] = {}
        #: every envelope that a bus has delivered
        self.archive: list[str] = []
        settings = MemorySettings(self.configuration)
        self.functions: Mapping[str, Function] = {
            "events": intake_function(self, settings),
            "batches": dedup_function(self, settings),
            "writes": write_function(self, settings),
            "checks": confirm_function(self, settings),
        }
        self._reconcile = reconcile_function(self, settings)

    def records(self, service: str) -> MemoryRecords:
        return MemoryRecords()

    def queue(self, name: str) -> MemoryQueue:
        return MemoryQueue(self.stored[name], self._gate, CALM)

    def resume_redrive(self, name: str) -> bool:
        return self.stored[f"{name}-dead"].resume_redrive(self.stored[name])

    def invoke(self, name: str) -> bool:
        """One invocation of a queue's function; returns whether there was anything for it."""
        stored = self.stored[name]
        deliveries = stored.receive(MESSAGES_PER_INVOCATION[name])
        if not deliveries:
            return False
        deadline_ms = self.timeline.now_ms + 60_000
        try:
            kept = self.functions[name](deliveries, deadline_ms)
        except Killed:
            return True
        for delivery in deliveries:
            if delivery.message_id not in kept:
                stored.delete(delivery)
        return True

    def rest(self) -> None:
        """Until nothing changes any more: the functions run at once, reconcile on its schedule."""
        often_until_ms = self.timeline.now_ms + DAY_S * 1000
        until_ms = self.timeline.now_ms + END_S * 1000
        reconciled_ms = 0
        while self.timeline.now_ms < until_ms:
            self.publish_caused()
            while any(self.invoke(name) for name in QUEUES):
                self.timeline.advance(0.1)
                self.publish_caused()
            is_at_rest = self.is_at_rest()
            if is_at_rest or self.timeline.now_ms >= reconciled_ms:
                self._run_reconcile()
                is_early = self.timeline.now_ms < often_until_ms
                every_s = RECONCILE_EVERY_S if is_early else RARELY_S
                reconciled_ms = self.timeline.now_ms + every_s * 1000
            if is_at_rest:
                return
            next_ms = min(reconciled_ms, *self._dues_ms())
            self.timeline.advance(max(100, next_ms - self.timeline.now_ms) / 1000)

    def _run_reconcile(self) -> None:
        self._reconcile(self.timeline.now_ms + 60_000)
        if self.overdue_ms is None and self.telemetry.counts["Overdue"]:
            self.overdue_ms = self.timeline.now_ms

    def is_at_rest(self) -> bool:
        """Nothing is in a queue, nothing is to come, and nobody but a person has work."""
        is_overdue = any(item.get("attention") == OVERDUE for item in self.table.items.values())
        is_waiting = any(each.messages for each in self.stored.values())
        return not (is_overdue or is_waiting or self.platform.caused.waiting)

    def _dues_ms(self) -> list[int]:
        """When there is something for a function, or Genesys publishes an event; at least one."""
        dues = [m.visible_at_ms for name in QUEUES for m in self.stored[name].messages.values()]
        caused = self.platform.next_due_at()
        return [END_MS, *dues, *([] if caused is None else [round(caused * 1000)])]

    def publish_caused(self) -> None:
        """What Genesys has published about our requests, as the partner's bus delivers it."""
        for caused in self.platform.drain_caused(self.timeline.now_ms / 1000):
            number = len(self.archive)
            document = {
                "version": "0",
                "id": f"e-{number}",
                "detail-type": caused.detail_type,
                "source": PARTNER,
                "time": iso(self.timeline.now_ms),
                "detail": caused.detail,
            }
            self.publish(json.dumps(document))

    def publish(self, text: str) -> None:
        self.archive.append(text)
        self.stored["events"].send(Outgoing(text))

    def replay(self) -> None:
        """The archives of both buses."""
        for text in self.archive:
            self.stored["events"].send(Outgoing(text))

    def take(self, name: str) -> list[Outgoing]:
        """Takes everything out of a queue."""
        stored = self.stored[name]
        held = [Outgoing(m.body, dict(m.attributes)) for m in stored.messages.values()]
        stored.messages.clear()
        return held

    def put(self, name: str, messages: list[Outgoing]) -> None:
        for message in messages:
            self.stored[name].send(message)


def customer(number: int) -> str:
    return f"customer-{number}."


#: what somebody replaces customer 1's name with
EDITED = "customer-7."


def envelope(number: int) -> str:
    """An order of a customer, as the relay's bus delivers it."""
    detail = {
        "id": f"order-{number}",
        "type": "order.paid",
        "occurredAt": iso(START_MS),
        "identifiers": {"customerId": customer(number)},
        "attributes": {"number": number},
    }
    return json.dumps(
        {
            "version": "0",
            "id": f"e-{number}",
            "detail-type": "order.paid",
            "source": "shop.example",
            "time": iso(START_MS),
            "detail": detail,
        }
    )


def publish(world: World, numbers: Sequence[int]) -> None:
    for number in numbers:
        world.publish(envelope(number))
