"""A route's condition: how many events the bus drops because of it, and its cost in intake."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.events.models import EventPattern

from benchmarks.deployed import least_us_each
from benchmarks.row import Row
from lambdas.relay.entrances.events import read_envelope
from stacks.narrowing import narrowed
from stacks.schema.parsing import parse

SOURCE = "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000000/relay"
TOPIC = "v2.detail.events.conversation.{id}.acd.end"
#: one queue of five is wanted
QUEUES = 5
WANTED = "body.queueId == 'queue-0'"
#: what the bus cannot say: intake alone filters
UNSAID = "starts_with(body.queueId, 'queue-0')"
EVENTS = 1_000
#: the most that a condition takes, as a multiple of parsing the envelope
OF_PARSING_MAX = 4.0


def rows() -> Iterator[Row]:
    yield Row(
        "a condition for a fifth of the events: those that reach intake",
        "share",
        "lower",
        reaching(WANTED),
        {"a condition that the bus cannot say": reaching(UNSAID), "a filter in the function": 1.0},
        1 / QUEUES,
        1 / QUEUES,
    )
    text = json.dumps(_envelope(0))
    (route,) = parse(_document(WANTED)).routes
    event = read_envelope(json.loads(text), 0)
    took, parsing = least_us_each((partial(route.wants, event), partial(json.loads, text)), 5_000)
    yield Row(
        "a condition, evaluated in intake: CPU",
        "µs per event",
        "lower",
        took,
        {"parsing the envelope": parsing},
        None,
        OF_PARSING_MAX * parsing,
    )


def reaching(when: str) -> float:
    """The share of events that the partner bus's rule passes on, judged by moto's reading of it."""
    pattern = EventPattern(None, dict(narrowed(SOURCE, None, [TOPIC], parse(_document(when)))))
    return sum(map(pattern.matches_event, map(_envelope, range(EVENTS)))) / EVENTS


def _document(when: str) -> dict[str, Any]:
    route = {"name": "ended", "destination": "out", "topics": [TOPIC], "when": when}
    return {"destinations": {"out": {"kind": "generic"}}, "routes": [{**route, "item": {}}]}


def _envelope(number: int) -> Any:
    body = {
        "eventTime": 1_700_000_000_000 + number,
        "conversationId": f"00000000-0000-4000-8000-{number:012}",
        "participantId": f"00000000-0000-4000-9000-{number:012}",
        "mediaType": "VOICE",
        "direction": "INBOUND",
        "queueId": f"queue-{number % QUEUES}",
    }
    detail = {"topicName": TOPIC, "timestamp": "2026-11-27T12:00:00Z", "eventBody": body}
    return {"source": SOURCE, "detail-type": TOPIC, "detail": detail}
