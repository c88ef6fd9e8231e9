"""The way of an event: the audit chain of ops/audit_trail.py, told event by event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.time_format import iso
from lambdas.relay.ledger.claims import PREFIX
from ops.audit_trail import EventWay, RequestWay, Trace, trace
from ops.connection import Relay
from ops.errors import OpsError

#: items looked at in a search of the ledger, unless a thorough one is asked for
SEARCHED_MAX = 20_000
#: different names that a beginning may stand for
NAMES_MAX = 50
#: ops/audit_trail.py's word for the first moment of a request
SEALED = "sealed"
#: an event of one request can be handed on to a part, and so on
GENERATIONS_MAX = 20

FATES = {
    "SEALED": "waits to be written",
    "OPEN": "is being written",
    "DONE": "delivered",
    "PENDING_EVENT": "delivered; the event it causes is awaited",
    "CONFIRMED": "delivered and confirmed",
    "TIMEOUT_RECOVERY": "delivered; its confirmation is overdue and asked for",
    "RECONCILED": "delivered, as Genesys itself says",
    "SPLIT": "goes on in parts",
    "MERGED": "goes on in another request",
    "EMPTY": "duplicate: another request delivered it",
    "REJECTED": "refused by Genesys; waits for a person",
    "MANUAL_REVIEW": "waits for a person",
    "DISCARDED": "discarded by a person",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at_ms: int
    what: str
    #: the request that it happened to
    batch_id: str


@dataclass(frozen=True, slots=True)
class Way:
    """One event's way, from its claim to what became of it."""

    event: EventWay
    fate: str
    #: the requests that carried it, the last one has it now
    requests: Sequence[RequestWay]
    steps: Sequence[Step]

    @property
    def names(self) -> tuple[str, ...]:
        """What people call exactly this event by."""
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
        lambda way: way.event.owner == found.name,
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
        # A part bears the time at which its whole was sealed.
        if not (number and moment.what == SEALED)
    ]
    # Last: what is sealed and claimed within a millisecond was sealed first.
    steps.append(Step(event.claimed_at_ms, "claimed", event.batch_id))
    fate = _fate(carried[-1], requests) if carried else "its request's record is gone"
    return Way(event, fate, carried, sorted(steps, key=lambda step: step.at_ms))


def _fate(last: RequestWay, requests: Mapping[str, RequestWay]) -> str:
    """What became of an event, by the last request that carried it. Where that was split and none
    of its parts has the event, Genesys took it with the first answer."""
    if last.state == "SPLIT" and last.parts and all(part in requests for part in last.parts):
        return "delivered; others of its request went on in parts"
    return FATES.get(last.state, last.state)


def _carriers(event: EventWay, requests: Mapping[str, RequestWay]) -> Iterator[RequestWay]:
    """The requests that carried an event, from the one that claimed it on."""
    said = f"{event.owner}/{event.identity.partition('~')[0]}"
    current = requests.get(event.batch_id)
    for _ in range(GENERATIONS_MAX):
        if current is None:
            return
        yield current
        parts = [requests[part] for part in current.parts if part in requests]
        current = next((part for part in parts if said in part.events), None)


def document(way: Way) -> dict[str, Any]:
    """For programs."""
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
    """What the ledger has on a name."""

    ways: Sequence[Way]
    #: requests whose claims are not made yet, or were never needed; where there are no ways
    requests: Sequence[RequestWay]
    #: there is more than one answer can tell
    is_partial: bool

    @property
    def is_empty(self) -> bool:
        return not self.ways and not self.requests


def gather(relay: Relay, name: str, *, thorough: bool) -> Answer:
    """Everything that the ledger has on a name, or on what begins so. Raises OpsError where that is
    too much."""
    at_once = _answer([trace(name, relay.ledger)])
    if not at_once.is_empty:
        return at_once
    return _answer([trace(key, relay.ledger) for key in _search(relay, name, thorough=thorough)])


def _answer(found: Sequence[Trace]) -> Answer:
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


def _search(relay: Relay, name: str, *, thorough: bool) -> Sequence[str]:
    """For names that lead nowhere by themselves: the beginning of an id, an identity without its
    conversation, an envelope's id, a process's or Genesys' correlation id. Reads the table, up to
    a limit; returns better names. Raises OpsError where too many begin so."""
    pages = relay.dynamodb.get_paginator("scan").paginate(
        TableName=relay.output("LedgerTableName"),
        ProjectionExpression="pk, sk",
        FilterExpression=(
            "begins_with(pk, :c) OR begins_with(pk, :r) OR begins_with(sk, :e) "
            "OR begins_with(envelope_id, :n) OR begins_with(genesys_id, :n) "
            "OR begins_with(context_id, :n) OR correlation_id = :n"
        ),
        ExpressionAttributeValues={
            ":n": {"S": name},
            **{f":{kind.lower()}": {"S": f"{kind}#{name}"} for kind in "CRE"},
        },
    )
    looked_at = 0
    found: set[str] = set()
    for page in pages:
        looked_at += page["ScannedCount"]
        found |= {_name_of(item["pk"]["S"], item["sk"]["S"]) for item in page["Items"]}
        if len(found) > NAMES_MAX:
            raise OpsError(f"More than {NAMES_MAX} names begin with {name}: say more of it.")
        if looked_at >= SEARCHED_MAX and not thorough and not found:
            raise OpsError(
                f"{looked_at} items of the ledger were searched for {name}, and there are more: "
                "say --thorough to search them all."
            )
    return sorted(found)


def _name_of(pk: str, sk: str) -> str:
    owner = pk.partition("#")[2]
    return f"{owner}/{sk.split('#')[1]}" if pk.startswith(PREFIX) else owner
