"""Mistakes about what an event is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from lambdas.relay.entrances import events
from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import IDENTITY_CHARS, Event, Reader, parse_event
from lambdas.relay.functions import intake
from lambdas.relay.kernel.canonical import Json, canonical, digest, short
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.personal import hidden
from lambdas.relay.routes import mapping, rendering
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import personal, recurring

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


def _with_a_key_of_its_own(instance: Instance) -> Function:
    key = instance.entropy.token()
    instance.personal_key = lambda: key
    return FUNCTIONS["intake"](instance)


def _without_a_key_if_need_be(name: str, key: Callable[[], str]) -> str:
    try:
        return hidden(name, key)
    except Transient:
        return ""


IDENTITY = (
    Mutant(
        "each instance hashes personal names under a key of its own",
        "The key has to be secret, and none is as secret as the one that nobody shares.",
        functions={"intake": _with_a_key_of_its_own},
        stage=personal,
    ),
    Mutant(
        "personal names are hashed without the key while it cannot be read",
        "A hash that could be guessed is better than an event that waits.",
        ((intake, "hidden", _without_a_key_if_need_be),),
        storm={"secret unreadable": 0.5},
        stage=personal,
    ),
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
