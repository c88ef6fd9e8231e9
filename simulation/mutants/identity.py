"""Mistakes about what an event is."""

import json
from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.entrances import events
from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import IDENTITY_CHARS, Event, Reader, parse_event
from lambdas.relay.functions import intake
from lambdas.relay.kernel.canonical import Json, canonical, digest, short
from lambdas.relay.routes import mapping, rendering
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import recurring

_text = rendering._text
_read_envelope = events.read_envelope


def _by_envelope(text: str, now_ms: int, reader: Reader, arrival: Arrival) -> Event:
    event = parse_event(text, now_ms, reader, arrival)
    return replace(event, identity=f"envelope-{event.envelope_id}")


def _by_moment(text: str, now_ms: int, reader: Reader, arrival: Arrival) -> Event:
    event = parse_event(text, now_ms, reader, arrival)
    moment = f"{event.conversation_id}-{event.occurred_at_ms}"
    return replace(event, identity=moment, payload_hash="none")


def _without_time(
    envelope: Mapping[str, Json], now_ms: int, reader: Reader, arrival: Arrival | None
) -> Event:
    event = _read_envelope(envelope, now_ms, reader, arrival)
    if not event.is_stamped:
        return event
    said = short(digest(event.topic, canonical(event.body)), IDENTITY_CHARS)
    return replace(event, identity=said, payload_hash="none")


def _id_of_identity(event: Event, route: str) -> dict[str, Json]:
    return {**mapping.view(event, route), "id": f"item-{event.identity}-{route}"}


def _as_floats(item: Json) -> str:
    return _text(json.loads(json.dumps(item), parse_int=float))


IDENTITY = (
    Mutant(
        "identity is the envelope's id",
        "EventBridge gives each event an id; a source that publishes again gets a new one.",
        ((intake, "parse_event", _by_envelope),),
    ),
    Mutant(
        "identity is conversation and moment",
        "Two events of one conversation never share a timestamp; they do.",
        ((intake, "parse_event", _by_moment),),
    ),
    Mutant(
        "item ids ignore what the event says",
        "The id in the body is the identity's; two events under one identity look like copies.",
        ((rendering, "view", _id_of_identity),),
    ),
    Mutant(
        "numbers are floating-point numbers",
        "JSON has one kind of number; JavaScript has done with it for decades.",
        ((rendering, "_text", _as_floats),),
    ),
    Mutant(
        "identity without time",
        "What says the same is the same: a member that joins a queue again has joined it already.",
        ((events, "read_envelope", _without_time),),
        stage=recurring,
    ),
)
