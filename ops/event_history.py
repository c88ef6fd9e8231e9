"""An event's history: the audit chain of ops/audit_trail.py, event by event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambdas.relay.entrances.events import identity_by_sender
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.time_format import iso
from ops import ledger_search
from ops.audit_trail import EventWay, RequestWay, Trace, trace
from ops.connection import Relay
from ops.personal import keyed

#: ops/audit_trail.py's name for the first moment of a request
SEALED = "sealed"
#: an event of a request can be passed on to a part, and so on
GENERATIONS_MAX = 20

FATES = {
    "SEALED": "waits to be written",
    "OPEN": "is being written",
    "DONE": "delivered",
    "PENDING_EVENT": "delivered; waiting for the event that confirms it",
    "CONFIRMED": "delivered and confirmed",
    "TIMEOUT_RECOVERY": "delivered; its confirmation is late, so Genesys is asked",
    "RECONCILED": "delivered; Genesys shows it",
    "SPLIT": "split into parts",
    "MERGED": "merged into another request",
    "EMPTY": "duplicate: another request delivered it",
    "REJECTED": "refused by Genesys; waits for a person",
    "MANUAL_REVIEW": "waits for a person",
    "DISCARDED": "discarded by a person",
}


#: the fate of an event that a route in shadow claimed
SHADOWED = "claimed in shadow mode: another consumer writes it"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at_ms: int
    what: str
    #: the request concerned
    batch_id: str


@dataclass(frozen=True, slots=True)
class Way:
    """One event's history, from its claim to its result."""

    event: EventWay
    fate: str
    #: the requests that carried it; the last one has it now
    requests: Sequence[RequestWay]
    steps: Sequence[Step]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that refer to exactly this event."""
        event = self.event
        return event.identity, event.envelope_id, f"{event.owner}/{event.identity}"

    @property
    def request(self) -> str:
        """The request that has it now."""
        return self.requests[-1].batch_id if self.requests else self.event.batch_id


def ways(found: Trace) -> list[Way]:
    """The events that the name stands for, in the order of their claims."""
    requests = {request.batch_id: request for request in found.requests}
    every = [_way(event, requests) for event in found.events]
    for is_meant in (
        lambda way: found.name in way.names,
        lambda way: way.event.owner == impersonal(found.name),
        lambda way: any(found.name == request.batch_id for request in way.requests),
    ):
        meant = [way for way in every if is_meant(way)]
        if meant:
            return meant
    return every


def _way(event: EventWay, requests: Mapping[str, RequestWay]) -> Way:
    carried = list(_carriers(event, requests))
    steps = [
        Step(moment.at_ms, moment.what, request.batch_id)
        for number, request in enumerate(carried)
        for moment in request.moments
        # A part has the sealing time of the request that it was split from.
        if not (number and moment.what == SEALED)
    ]
    # Appended last: of the same millisecond's steps, sealing comes before claiming.
    steps.append(Step(event.claimed_at_ms, "claimed", event.batch_id))
    fate = _fate(carried[-1], requests) if carried else "its request's record is missing"
    return Way(event, fate, carried, sorted(steps, key=lambda step: step.at_ms))


def _fate(last: RequestWay, requests: Mapping[str, RequestWay]) -> str:
    """What became of an event, by the last request that carried it. If that was split and none of
    its parts has the event, Genesys accepted it with the first answer."""
    if last.state == "SPLIT" and last.parts and all(part in requests for part in last.parts):
        return "delivered; other events of its request were sent in parts"
    if last.is_shadow:
        return SHADOWED
    return FATES.get(last.state, last.state)


def _carriers(event: EventWay, requests: Mapping[str, RequestWay]) -> Iterator[RequestWay]:
    """The requests that carried an event, starting with the one that claimed it."""
    said = f"{event.owner}/{event.identity.partition('~')[0]}"
    current = requests.get(event.batch_id)
    for _ in range(GENERATIONS_MAX):
        if current is None:
            return
        yield current
        parts = [requests[part] for part in current.parts if part in requests]
        current = next((part for part in parts if said in part.events), None)


def document(way: Way) -> dict[str, Any]:
    """For JSON output."""
    event = way.event
    return {
        "identity": event.identity,
        "conversation": event.owner if event.owner != event.identity else None,
        "topic": event.topic,
        "envelope": event.envelope_id,
        "destination": event.destination,
        "route": event.route,
        "request": way.request,
        "fate": way.fate,
        "requests": [
            {
                "request": request.batch_id,
                "state": request.state,
                "attempts": request.attempts,
                "reposts": request.reposts,
                "genesys_id": request.genesys_id,
                "context_id": request.context_id,
                "confirmed_by": request.confirmed_by,
                "reason": request.reason,
                "events": len(request.events),
            }
            for request in way.requests
        ],
        "steps": [
            {"at": iso(step.at_ms), "at_ms": step.at_ms, "what": step.what, "in": step.batch_id}
            for step in way.steps
        ],
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger has under a name."""

    ways: Sequence[Way]
    #: if there are no ways: requests whose claims are not made yet, or were never needed
    requests: Sequence[RequestWay]
    #: there is more than one answer can hold
    is_partial: bool
    #: why the ledger was not searched to its end; "" if it was, or did not need to be
    unsearched: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.ways and not self.requests


def gather(relay: Relay, names: Sequence[str], *, sender: str, thorough: bool) -> Answer:
    """Everything that the ledger has under one name, in any of its spellings, or under names that
    start with it; with `sender` the name is that sender's id of an event. Raises OpsError if that
    is too much."""
    known = [*names, *keyed(relay, names)]
    keys = [identity_by_sender(sender, names[0])] if sender else known
    at_once = of_names(relay, keys)
    if not at_once.is_empty:
        return at_once
    found = ledger_search.search(relay, keys, thorough=thorough)
    return replace(of_names(relay, found.names), unsearched=found.unsearched)


def of_names(relay: Relay, names: Iterable[str]) -> Answer:
    """What names that are keys of the ledger stand for."""
    found = [trace(name, relay.ledger) for name in names]
    told = {
        (way.event.owner, way.event.identity, way.event.destination): way
        for one in found
        for way in ways(one)
    }
    requests = {request.batch_id: request for one in found for request in one.requests}
    return Answer(
        ways=sorted(told.values(), key=lambda way: way.event.claimed_at_ms),
        requests=[] if told else list(requests.values()),
        is_partial=any(one.is_partial for one in found),
    )
