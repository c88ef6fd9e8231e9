"""One request on its way through the platform, and its interpretation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NoReturn

from simulator.assumptions import Assumptions
from simulator.caused import Fate
from simulator.endpoints import Endpoint, route
from simulator.endpoints.limits import BODY_BYTES_MAX
from simulator.endpoints.shape import Call, Plain, Write
from simulator.error_body import Refused
from simulator.faults import Conduct
from simulator.items import Item, Rejection
from simulator.messages import Answer, Request
from simulator.organization import Organization
from simulator.record import RequestEntry
from simulator.shapes import Flaw, flaws


@dataclass(slots=True)
class Visit:
    """One request on its way through the platform; becomes a RequestEntry."""

    number: int
    at: float
    request: Request
    key: str
    correlation_id: str
    context_id: str
    body_hash: str
    endpoint: str = ""
    client_id: str = ""
    items: int = 0
    fault: str = ""
    fate: Fate = "on_time"
    replayed: bool = False

    @property
    def fingerprint(self) -> str:
        """What an idempotency key refers to: the operation and its bytes."""
        return f"{self.request.method} {self.request.path} {self.body_hash}"


@dataclass(frozen=True, slots=True)
class Work:
    """A request that was understood (or refused): ready to be carried out, now or late."""

    visit: Visit
    endpoint: Endpoint
    call: Call
    items: tuple[Item, ...]
    refusal: Refused | None


def understand(
    visit: Visit,
    org: Organization,
    rng: Random,
    allowed: int,
    conduct: Conduct,
    assumptions: Assumptions,
) -> Work:
    """The request as work. Raises Refused if there can be no work at all.

    Problems of the items are kept in the work's `refusal`, and reported when the work is carried
    out: under a fault the client must not learn of them.
    """
    request = visit.request
    endpoint, params = route(request.method, request.path)
    visit.endpoint = endpoint.name
    _permit(endpoint, org, conduct)
    if len(request.body) > BODY_BYTES_MAX:
        raise Refused(413, f"Request body exceeds {BODY_BYTES_MAX} bytes")
    value = None if endpoint.method == "GET" else _json(request.body)
    call = Call(org, params, request.query, value, visit.at, rng, allowed, assumptions)
    items, refusal = _items(endpoint, call)
    visit.items = len(items)
    return Work(visit, endpoint, call, items, refusal)


def _permit(endpoint: Endpoint, org: Organization, conduct: Conduct) -> None:
    if conduct.unlicensed and "/journey/" in endpoint.template:
        message = "The organization is not licensed for this feature"
        raise Refused(403, message, "feature.not.licensed")
    needed = endpoint.permissions or (endpoint.name,)
    lacks = bool(endpoint.permissions) and not any(map(org.permits, needed))
    if lacks or endpoint.name in conduct.forbidden:
        raise Refused(
            403,
            "Unable to perform the requested action. You must have at least one of the following "
            f"permissions assigned: [{', '.join(needed)}]",
        )


def _items(endpoint: Endpoint, call: Call) -> tuple[tuple[Item, ...], Refused | None]:
    found = list(flaws(endpoint.method, endpoint.template, call.json, call.assumptions))
    try:
        if isinstance(endpoint, Plain):
            return (), Refused(400, found[0].says) if found else None
        items = tuple(_marked(endpoint, call, found))
    except Refused as refused:
        return (), refused
    if endpoint.max_items is not None and len(items) > endpoint.max_items:
        return items, Refused(400, f"At most {endpoint.max_items} items are allowed per request")
    return items, None


def _marked(endpoint: Write, call: Call, found: list[Flaw]) -> Iterator[Item]:
    """The items; malformed ones have a problem. Raises Refused if all of them have one."""
    places = list(_places(call.json))
    wrong: dict[int, Rejection] = {}
    for flaw in found:
        place = next((n for n, at in enumerate(places) if flaw.path[: len(at)] == at), None)
        if place is None or endpoint.whole_batch or call.assumptions.wrong_shape_refuses_all:
            raise Refused(400, flaw.says)
        wrong.setdefault(place, Rejection(400, flaw.says, False))
    for item in endpoint.read(call):
        yield replace(item, problem=wrong.get(item.index) or item.problem)


def _places(body: Any) -> Iterator[tuple[str | int, ...]]:
    """The positions of the items, in order: in the body itself, or in the lists that it holds."""
    if isinstance(body, list):
        yield from ((n,) for n in range(len(body)))
    elif isinstance(body, dict):
        lists = ((name, value) for name, value in body.items() if isinstance(value, list))
        yield from ((name, n) for name, value in lists for n in range(len(value)))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request could not be understood: malformed JSON") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def entry(visit: Visit, answer: Answer) -> RequestEntry:
    """The visit as it is recorded."""
    return RequestEntry(
        number=visit.number,
        at=visit.at,
        method=visit.request.method,
        path=visit.request.path,
        endpoint=visit.endpoint,
        client_id=visit.client_id,
        status=0 if answer.dropped else answer.status,
        answered=not answer.dropped,
        delay_s=answer.delay_s,
        key=visit.key,
        correlation_id=visit.correlation_id,
        context_id=visit.context_id,
        items=visit.items,
        body_hash=visit.body_hash,
        fault=visit.fault,
        replayed=visit.replayed,
        fate=visit.fate,
    )
