"""One request on its way through the platform, and what was understood of it."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any, NoReturn

from local.genesys.caused import Fate
from local.genesys.endpoints import Endpoint, route
from local.genesys.endpoints.limits import BODY_BYTES_MAX
from local.genesys.endpoints.shape import Call, Plain
from local.genesys.error_body import Refused
from local.genesys.items import Item
from local.genesys.messages import Answer, Request
from local.genesys.organization import Organization
from local.genesys.record import RequestEntry


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
        """What an idempotency key stands for: the operation and its bytes."""
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
    visit: Visit, org: Organization, rng: Random, allowed: int, forbidden: tuple[str, ...]
) -> Work:
    """The request as work. Raises Refused where there is no such work at all.

    What is wrong with the items is kept as the work's `refusal`, to be told when the work is
    carried out: under a fault the client must not learn of it.
    """
    request = visit.request
    endpoint, params = route(request.method, request.path)
    visit.endpoint = endpoint.name
    if endpoint.name in forbidden:
        raise Refused(403, "Unable to perform the requested action: missing permissions")
    if len(request.body) > BODY_BYTES_MAX:
        raise Refused(413, f"Request body exceeds {BODY_BYTES_MAX} bytes")
    value = None if endpoint.method == "GET" else _json(request.body)
    call = Call(org, params, request.query, value, visit.at, rng, allowed)
    items, refusal = _items(endpoint, call)
    visit.items = len(items)
    return Work(visit, endpoint, call, items, refusal)


def _items(endpoint: Endpoint, call: Call) -> tuple[tuple[Item, ...], Refused | None]:
    if isinstance(endpoint, Plain):
        return (), None
    try:
        items = tuple(endpoint.read(call))
    except Refused as refused:
        return (), refused
    if endpoint.max_items is not None and len(items) > endpoint.max_items:
        return items, Refused(400, f"At most {endpoint.max_items} items are allowed per request")
    return items, None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request could not be understood: malformed JSON") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def entry(visit: Visit, answer: Answer) -> RequestEntry:
    """The visit as it goes on record."""
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
