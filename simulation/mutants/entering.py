"""Mistakes about events that applications send."""

from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.entrances import events
from lambdas.relay.entrances.arrivals import Arrival, Entrance
from lambdas.relay.entrances.business import business
from lambdas.relay.entrances.events import Event
from lambdas.relay.entrances.plain import plain
from lambdas.relay.entrances.proofs import Proof, Request
from lambdas.relay.entrances.reading import Content, iso_ms
from lambdas.relay.functions import webhook
from lambdas.relay.functions.webhook import Deps, Reply
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.ports import SenderKeys
from lambdas.relay.routes.route import Route
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import told

_envelope = webhook._envelope


def _taken_anyway(status: int, sentence: str) -> Reply:
    return Reply(200, {"status": "queued"})


def _by_all_that_is_stated(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    content = business(detail, source, detail_type)
    return replace(content, identified_by=("whole", source, canonical(detail)))


def _by_the_request(request: Request, deps: Deps) -> Mapping[str, Json]:
    envelope = _envelope(request, deps)
    return {**envelope, "detail": {**envelope["detail"], "id": envelope["id"]}}


def _anybody(proof: Proof, request: Request, keys: SenderKeys, now_ms: int) -> None:
    return None


def _whatever_it_says(route: Route, event: Event) -> bool:
    return True


def _by_its_own_word(
    self: Arrival, envelope: Mapping[str, Json], entrance: Entrance, now_ms: int
) -> int:
    time = envelope.get("time")
    stated_ms = iso_ms(time) if isinstance(time, str) else None
    return now_ms if stated_ms is None else min(stated_ms, now_ms)


def _by_customer_and_moment(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    content = plain(detail, source, detail_type)
    known = (source, str(detail.get("externalId")), str(detail.get("timestamp")))
    return replace(content, identified_by=known, said=canonical(known))


ENTERING = (
    Mutant(
        "a plain detail is known by its customer and moment",
        "Nobody says two things of one customer at once.",
        ((events, "plain", _by_customer_and_moment),),
        stage=told,
    ),
    Mutant(
        "an event is as old as it says",
        "EventBridge puts the time into the envelope; PutEvents lets its caller say another.",
        ((Arrival, "accepted_at_ms", _by_its_own_word),),
        stage=told,
    ),
    Mutant(
        "a route's condition is not asked",
        "The bus's rule has left out what no route wants.",
        ((Route, "wants", _whatever_it_says),),
    ),
    Mutant(
        "200 whether or not it is queued",
        "A queue's hiccup is over soon, and no business of the sender.",
        ((webhook, "_put_off", _taken_anyway),),
        storm={"send refused": 0.2},
    ),
    Mutant(
        "a correlation id is part of the event",
        "Two events with different correlation ids are two; some senders' libraries draw a new "
        "one for each attempt.",
        ((events, "business", _by_all_that_is_stated),),
    ),
    Mutant(
        "each request is an event",
        "The webhook gives each event its id; a sender that heard no answer sends it again.",
        ((webhook, "_envelope", _by_the_request),),
    ),
    Mutant(
        "anybody may post",
        "Only our partners know the address.",
        ((Proof, "stranger", _anybody),),
    ),
)
