"""The places where something from outside comes in, and what must hold there whatever comes: the
function does not fail, no unforeseen error is counted, and a valid message beside it is handled."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from lambdas.adapters.http_event import answer_of, request_of
from lambdas.relay.assembly.webhook import webhook_function
from lambdas.relay.correlation.checks import event_check, timer
from lambdas.relay.entrances.events import IDENTITY_CHARS
from lambdas.relay.entrances.proofs import SIGNATURE, TIMESTAMP, signature
from lambdas.relay.kernel.canonical import Json, canonical, digest, short
from lambdas.relay.kernel.limits import QUEUES, SOURCE_RETENTION_S
from lambdas.relay.kernel.ports import Answer, Delivery, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code, code_of
from lambdas.relay.messages.checksum import checksum_of
from lambdas.relay.messages.sealing import Batch, decode, encode, seal
from lambdas.relay.requests.sending import sealed_item
from simulation.functions import FUNCTIONS, Instance, Neighbours
from simulation.fuzz.inputs import ODD, damaged
from simulation.memory.credentials import StoredSecret
from simulation.memory.faults import CALM
from simulation.memory.gate import OpenGate
from simulation.memory.genesys import GenesysServer
from simulation.memory.queues import StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.table import Table
from simulation.memory.telemetry import MemoryTelemetry
from simulation.memory.timeline import Timeline
from stacks.schema.parsing import parse

NOW_MS = 1_795_168_800_000
PARTNER = "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000000/relay"
SENDER, KEY = "shop", "a key that only the shop has"
DEADLINE_MS = 60_000
VISIBILITY_S = 60
#: expressions that an event's values can break
CONFIGURATION = parse(
    {
        "partner_event_source": PARTNER,
        "destinations": {
            "journey": {
                "kind": "generic",
                "path": "/api/v2/analytics/events/write",
                "item": {
                    "id": "id",
                    "number": "ceil(to_number(body.number))",
                    "text": "join('-', body.words)",
                    "sorted": "sort_by(body.rows, &at)",
                    "all": "to_string(body)",
                    "sum": "sum(body.numbers)",
                    "when": "occurred_at",
                },
            },
            "attributes": {
                "kind": "participant-attributes",
                "item": {"attributes": {"said": "body.number"}},
            },
        },
        "routes": [
            {"name": "all", "destination": "journey", "topics": ["*"]},
            {
                "name": "some",
                "destination": "journey",
                "topics": ["*"],
                "item": {"id": "id", "of": "'some'"},
                "when": "contains(body.words, 'a') && max_by(body.rows, &at).at > `1`",
            },
            {
                "name": "attributes",
                "destination": "attributes",
                "topics": ["v2.detail.events.conversation.{id}.acw"],
            },
        ],
    }
)


#: as intake seals them from an event that some destination waits for
FACTS = canonical(["v2.detail.events.conversation.{id}.attributes", "s", "e", 1, NOW_MS, {}])
SOUND_TOKEN = Answer(200, {}, b'{"access_token": "t", "expires_in": 86400}')


class Broken(Exception):
    """Something that must hold did not; the text says what."""


class Answering:
    """Genesys, or whatever answers in its place: a token, and then what the fuzzer chose."""

    def __init__(self) -> None:
        self.answer = Answer(200, {"content-type": "application/json"}, b"{}")
        self.token = SOUND_TOKEN

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        if url.endswith("/oauth/token"):
            return self.token
        return self.answer


class Site:
    """A relay in memory, without faults of its own."""

    def __init__(self, random: Random) -> None:
        timeline = Timeline(NOW_MS)
        queues = {
            name: StoredQueue(
                name,
                timeline,
                random,
                visibility_s=VISIBILITY_S,
                retention_s=SOURCE_RETENTION_S,
            )
            for queue in QUEUES
            for name in (queue, f"{queue}-dead")
        }
        self.queues = queues
        self.telemetry = MemoryTelemetry()
        self.table = Table()
        secret = StoredSecret()
        self.instance = Instance(
            Neighbours(
                timeline=timeline,
                gate=OpenGate(timeline),
                faults=CALM,
                random=random,
                table=self.table,
                queues=queues,
                documents={},
                server=GenesysServer(timeline, secret, {}),
                secret=secret,
                sender_keys={SENDER: KEY},
                telemetry=self.telemetry,
                settings=MemorySettings(CONFIGURATION),
            ),
            0,
        )
        self.genesys = Answering()
        self.instance.http = self.genesys  # type: ignore[assignment]
        self.functions = {verb: make(self.instance) for verb, make in FUNCTIONS.items()}
        self.receive = webhook_function(self.instance, self.instance.settings)
        self.numbers = 0
        #: what `_sealed` makes others from
        self.pattern: Batch | None = None

    def invoke(self, verb: str, bodies: Sequence[str]) -> list[bool]:
        """Hands these to a function; returns which of them are done."""
        self.numbers += 1
        deliveries = [
            Delivery(f"m{self.numbers}-{at}", f"r{at}", body, 1, NOW_MS, {})
            for at, body in enumerate(bodies)
        ]
        kept = self.functions[verb](deliveries, NOW_MS + DEADLINE_MS)
        if self.telemetry.counts["Unexpected"]:
            reasons = [str(noted.get("reason", "")) for _, noted in self.telemetry.notes]
            said = [each for each in reasons if code_of(each) is Code.UNEXPECTED]
            raise Broken(f"unforeseen: {said[-1:]}")
        return [delivery.message_id not in kept for delivery in deliveries]

    def take(self, queue: str) -> list[str]:
        """Takes everything out of a queue."""
        found = [message.body for message in self.queues[queue].messages.values()]
        self.queues[queue].messages.clear()
        return found


def envelope(number: int, source: str = PARTNER) -> dict[str, Json]:
    conversation = f"0b0e8b3c-0000-4000-8000-{number:012d}"
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "detail-type": "v2.detail.events.conversation.{id}.acw",
        "source": source,
        "account": "123456789012",
        "time": "2026-11-20T10:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "topicName": f"v2.detail.events.conversation.{conversation}.acw",
            "version": "2",
            "eventBody": {
                "eventTime": NOW_MS - number,
                "conversationId": conversation,
                "participantId": f"0b0e8b3c-0000-4000-9000-{number:012d}",
                "number": str(number),
                "words": ["a", "b"],
                "rows": [{"at": 2}, {"at": 1}],
                "numbers": [1, 2.5],
            },
            "metadata": {"CorrelationId": "c"},
            "timestamp": "2026-11-20T10:00:00.000Z",
        },
    }


def _sealed(site: Site) -> Batch:
    """A batch as intake makes it from one event, a different one each time."""
    if site.pattern is None:
        site.invoke("intake", [json.dumps(envelope(3))])
        site.pattern = decode(site.take("batches")[0])
    site.numbers += 1
    pattern, nonce = site.pattern, str(site.numbers)
    identity = short(digest(nonce), IDENTITY_CHARS)
    events = [replace(event, identity=identity, facts=FACTS) for event in pattern.events]
    (batch,) = seal(
        pattern.target, events, now_ms=NOW_MS, nonce=nonce, most_events=1, most_bytes=10_000
    )
    return batch


def _as_if_sealed(text: str, random: Random) -> str:
    """The same with a checksum that fits, as an attacker or a bug of ours would make it."""
    try:
        document = json.loads(text)
        document.pop("sum", None)
        return canonical({**document, "sum": checksum_of(canonical(document))})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return text


# --- one function per place; each raises Broken, or the error that escaped


def envelopes(site: Site, random: Random) -> str:
    number = random.randrange(10**9)
    shape = random.choice((envelope(number), _business(number)))
    odd = damaged(shape, random)
    done = site.invoke("intake", [json.dumps(envelope(1)), odd, json.dumps(envelope(2))])
    items = [e.item for text in site.take("batches") for e in decode(text).events]
    if not (done[0] and done[2] and all(any(f'"{n}"' in i for i in items) for n in (1, 2))):
        raise Broken("its neighbours were not sealed")
    return odd


def _business(number: int) -> dict[str, Json]:
    detail: dict[str, Json] = random_shape(number)
    return {**envelope(number, "shop.example"), "detail-type": "order.paid", "detail": detail}


def random_shape(number: int) -> dict[str, Json]:
    """The shapes of details that are documented, one after another."""
    shapes: tuple[dict[str, Json], ...] = (
        {"id": f"o{number}", "type": "order.paid", "occurredAt": "2026-11-20T10:00:00Z"},
        {"id": f"o{number}", "type": "order.paid", "createdTime": NOW_MS, "data": {"number": "1"}},
        {"conversationId": f"c{number}", "timestamp": "2026-11-20T10:00:00Z", "eventType": "x"},
        {"timestamp": "2026-11-20T10:00:00Z", "externalId": f"C-{number}", "customerName": "A"},
    )
    return shapes[number % len(shapes)]


def _of_a_queue(verb: str) -> Callable[[Site, Random], str]:
    def place(site: Site, random: Random) -> str:
        batch, neighbour = _sealed(site), _sealed(site)
        if verb == "write":
            for each in (batch, neighbour):
                site.instance.ledger.insert([sealed_item(each, NOW_MS)])
        odd = damaged(json.loads(encode(batch)), random)
        if random.random() < 0.6:
            odd = _as_if_sealed(odd, random)
        done = site.invoke(verb, [odd, encode(neighbour)])
        if not done[1]:
            raise Broken("its neighbour is not done")
        for queue in QUEUES:
            site.take(queue)
        return odd

    return place


def checks(site: Site, random: Random) -> str:
    batch = _sealed(site)
    site.instance.ledger.insert([sealed_item(batch, NOW_MS)])
    told = event_check(batch.events[0], batch.batch_id)
    sound = random.choice((timer("window", batch.batch_id, 1), told))
    odd = damaged(json.loads(sound.body), random)
    unknown = timer("window", "00000000-0000-4000-8000-000000000000", 1).body
    if not site.invoke("confirm", [odd, unknown])[1]:
        raise Broken("its neighbour is not done")
    return odd


def dead_letters(site: Site, random: Random) -> str:
    queue = random.choice(sorted(QUEUES))
    body = damaged(random.choice((envelope(6), json.loads(encode(_sealed(site))))), random)
    attributes = {
        name: str(random.choice(ODD)).encode("utf-8", "replace").decode()[:200] or "-"
        for name in ("redrives", "attempts", "first_seen", "reason", "batch")
    }
    site.queues[f"{queue}-dead"].send(Outgoing(body, attributes))
    site.queues["events-dead"].send(Outgoing(json.dumps(envelope(8)), {}))
    site.invoke("reconcile", [])
    if not any('"00000000-0000-4000-8000-000000000008"' in text for text in site.take("events")):
        raise Broken("its neighbour was not sent back")
    for name in QUEUES:
        site.take(name)
        site.take(f"{name}-dead")
    return body


def webhooks(site: Site, random: Random) -> str:
    number = random.randrange(10**6)
    body = damaged(random_shape(number), random)
    stamp = str(NOW_MS // 1000)
    sound: dict[str, Any] = {
        "pathParameters": {"sender": SENDER},
        "headers": {
            TIMESTAMP: stamp,
            SIGNATURE: signature(KEY, stamp, SENDER, body.encode("utf-8", "surrogatepass")),
        },
        "body": body,
        "isBase64Encoded": False,
    }
    if random.random() < 0.3:
        sound["headers"][random.choice((TIMESTAMP, SIGNATURE, "authorization"))] = random.choice(
            ODD
        )
    if random.random() < 0.1:
        sound |= random.choice(
            ({"body": None}, {"isBase64Encoded": True}, {"headers": None}, {"pathParameters": None})
        )
    status = answer_of(site.receive(request_of(sound)))["statusCode"]
    if status not in (200, 400, 401, 403, 413):
        raise Broken(f"answered {status}")
    return body


def logins(site: Site, random: Random) -> str:
    """The answer of the login host, to an instance that has no token yet."""
    batch = _sealed(site)
    site.instance.ledger.insert([sealed_item(batch, NOW_MS)])
    sound = random.choice((json.loads(SOUND_TOKEN.body), {"error": "e", "description": "d"}))
    odd = damaged(sound, random)
    headers = {"retry-after": str(random.choice(ODD)).encode("utf-8", "replace").decode()}
    status = random.choice((200, 200, 204, 302, 400, 401, 403, 429, 500, 503))
    site.genesys.token = Answer(status, headers, odd.encode("utf-8", "surrogatepass"))
    site.functions["write"] = FUNCTIONS["write"](site.instance)
    site.invoke("write", [encode(batch)])
    site.genesys.token = SOUND_TOKEN
    site.take("writes")
    return odd


def answers(site: Site, random: Random) -> str:
    batch = _sealed(site)
    site.instance.ledger.insert([sealed_item(batch, NOW_MS)])
    failed = {"originalRequestIndex": 0, "isRetryable": True, "statusCode": 503, "errorMessage": ""}
    sound = random.choice(
        (
            {"unprocessedEntities": [failed]},
            {"id": "00000000-0000-4000-8000-000000000009"},
            {"code": "bad.request", "status": 400, "message": "no", "contextId": "c"},
            [{"id": "x"}],
        )
    )
    odd = damaged(sound, random)
    header = str(random.choice(ODD)).encode("utf-8", "replace").decode()
    site.genesys.answer = Answer(
        random.choice((200, 202, 204, 301, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503)),
        {"content-type": "application/json", "retry-after": header, "inin-correlation-id": header},
        odd.encode("utf-8", "surrogatepass"),
    )
    site.invoke("write", [encode(batch)])
    for queue in QUEUES:
        site.take(queue)
    return odd


PLACES: Mapping[str, Callable[[Site, Random], str]] = {
    "envelope": envelopes,
    "sealed batch": _of_a_queue("dedup"),
    "write message": _of_a_queue("write"),
    "check": checks,
    "dead letter": dead_letters,
    "webhook": webhooks,
    "answer": answers,
    "login": logins,
}
