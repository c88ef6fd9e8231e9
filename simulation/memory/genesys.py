"""Genesys as far as a request's result goes: tokens, keys, effects, read-back, echo events.

Not `simulator`: that one models Genesys exactly, endpoint by endpoint, over HTTP; it checks every
field and takes a millisecond a request. This one has one invented endpoint, makes every rule of
repetition configurable (what happens to a repeated key, whether it is checked before the request is
judged, whether ids in the body count), and is fast enough for millions of events.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lambdas.relay.kernel.ports import Answer
from simulation.endless import Ceased
from simulation.memory.credentials import StoredSecret
from simulation.memory.timeline import Timeline

LOGIN_PATH = "/oauth/token"
#: read-back: every item that took effect under an id
ITEM_PATH = "/api/v2/simulated/items/"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a destination treats repetitions, and items that it refuses."""

    #: a repeated key: answered as the first time, answered 409, or ignored
    keys: Literal["honoured", "conflict", "ignored"]
    #: seconds for which a key is remembered; None: for ever
    key_life_s: float | None = None
    #: whether the key is checked before the request is judged
    key_first: bool = True
    #: an item whose id already took effect has no second effect
    ids_honoured: bool = False
    #: a refused item fails the whole request, or only itself
    refuses: Literal["request", "item"] = "request"
    #: items do not fail individually
    takes_whole: bool = False
    #: every request causes an event on the bus
    echoes: bool = False
    token_life_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent."""

    path: str
    key: str
    correlation_id: str
    bearer: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A request that arrived, whether or not it took effect."""

    at_ms: int
    path: str
    key: str
    body: bytes
    #: the state of its record in the ledger when it arrived
    record_state: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One item that took effect, which is irreversible."""

    at_ms: int
    path: str
    key: str
    item: Item


@dataclass(slots=True)
class _Kept:
    answer: Answer
    at_ms: int


@dataclass(slots=True)
class GenesysServer:
    """The one organisation that all callers reach."""

    timeline: Timeline
    secret: StoredSecret
    #: by path
    conducts: Mapping[str, Conduct]
    #: returns the state of the record with a correlation id; set by the world
    state_of: Callable[[str], str] = lambda correlation_id: ""
    #: called with the correlation id of a request that took effect and causes an event
    cause: Callable[[str], None] = lambda correlation_id: None
    #: whether an item is refused for what it is
    refuses: Callable[[Item], bool] = lambda item: bool(item.get("poison"))
    #: until then every event is refused, and which requests were
    activated_at_ms: int = 0
    unactivated: list[bytes] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    #: until then every request vanishes, without effect and without answer
    silent_until_ms: int = 0
    #: what never works again
    ceased: Ceased = field(default_factory=Ceased)
    #: how often a request got a 2xx answer that says nothing of it, by its key
    unread: Counter[str] = field(default_factory=Counter)
    #: keys of requests that were accepted with an answer that cannot be understood
    unclear: set[str] = field(default_factory=set)
    #: seconds from a request's first 409 to the end of its last conflict, by its key
    conflicts: dict[str, int] = field(default_factory=dict)
    #: when the first was
    _conflict_since_ms: dict[str, int] = field(default_factory=dict)
    #: until when it lasts
    _conflict_until_ms: dict[str, int] = field(default_factory=dict)
    #: requests that an endpoint outside Genesys could not believe (memory/endpoint.py)
    forged: list[str] = field(default_factory=list)
    logins: int = 0
    _tokens: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _by_id: dict[str, list[Item]] = field(default_factory=dict)

    def login(self, basic: str, expected: str) -> Answer:
        if basic != expected:
            return _answer(401, {"error": "invalid_client"})
        self.logins += 1
        token = f"token-{self.logins}"
        life_s = min(conduct.token_life_s for conduct in self.conducts.values())
        self._tokens[token] = self.timeline.now_ms + life_s * 1000
        return _answer(200, {"access_token": token, "expires_in": life_s})

    def accepts(self, bearer: str) -> bool:
        return self.timeline.now_ms < self._tokens.get(bearer.removeprefix("Bearer "), 0)

    def revoke(self, bearer: str) -> None:
        self._tokens.pop(bearer.removeprefix("Bearer "), None)

    def arrive(self, request: Request) -> None:
        state = self.state_of(request.correlation_id)
        self.calls.append(
            Call(self.timeline.now_ms, request.path, request.key, request.body, state)
        )

    def refuses_all(self, request: Request) -> bool:
        """Whether events of this kind are not activated yet."""
        is_early = request.path in self.conducts and self.timeline.now_ms < self.activated_at_ms
        if is_early:
            self.unactivated.append(request.body)
        return is_early

    def conflict(self, key: str, seconds: float) -> None:
        """From now on, something else is changing what this request would change."""
        now_ms = self.timeline.now_ms
        self._conflict_until_ms[key] = now_ms + int(seconds * 1000)
        since_ms = self._conflict_since_ms.setdefault(key, now_ms)
        self.conflicts[key] = (self._conflict_until_ms[key] - since_ms) // 1000

    def is_in_conflict(self, key: str) -> bool:
        return self.timeline.now_ms < self._conflict_until_ms.get(key, 0)

    def carry_out(self, request: Request, retryable_index: int | None) -> Answer:
        """Judges a request and, if it is good, lets it take effect."""
        path, key = request.path, request.key
        conduct = self.conducts.get(path)
        if conduct is None:
            return _answer(404, {"code": "not.found", "message": f"no such path: {path}"})
        kept = self._remembered(key, conduct)
        items: list[Item] = json.loads(request.body)["entities"]
        refused = [n for n, item in enumerate(items) if self.refuses(item)]
        judged_first = refused and conduct.refuses == "request" and not conduct.key_first
        if kept is not None and not judged_first:
            return kept
        if refused and conduct.refuses == "request":
            return _answer(400, {"code": "bad.request", "message": "an item is not valid"})
        failures = [_failure(n, retryable=False) for n in refused]
        if conduct.takes_whole:
            retryable_index = None
        if retryable_index is not None and retryable_index % len(items) not in refused:
            failures.append(_failure(retryable_index % len(items), retryable=True))
        failed = {row["originalRequestIndex"] for row in failures}
        self._take(path, key, [i for n, i in enumerate(items) if n not in failed], conduct)
        answer = _answer(200, {"id": f"g-{len(self.calls)}", "unprocessedEntities": failures})
        if conduct.keys != "ignored":
            self._kept[key] = _Kept(answer, self.timeline.now_ms)
        if conduct.echoes and len(failures) < len(items):
            self.cause(request.correlation_id)
        return answer

    def read_back(self, item_id: str) -> Answer:
        items = self._by_id.get(item_id)
        if items is None:
            return _answer(404, {"code": "not.found"})
        return _answer(200, {"entities": items})

    def _remembered(self, key: str, conduct: Conduct) -> Answer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        life_s = conduct.key_life_s
        if life_s is not None and self.timeline.now_ms - kept.at_ms > life_s * 1000:
            del self._kept[key]
            return None
        if conduct.keys == "conflict":
            return _answer(409, {"code": "conflict", "message": "this key was used before"})
        return kept.answer

    def _take(self, path: str, key: str, items: list[Item], conduct: Conduct) -> None:
        for item in items:
            known = self._by_id.setdefault(item["id"], [])
            if known and conduct.ids_honoured:
                continue
            known.append(item)
            self.effects.append(Effect(self.timeline.now_ms, path, key, item))


def _failure(index: int, *, retryable: bool) -> dict[str, Any]:
    return {
        "originalRequestIndex": index,
        "isRetryable": retryable,
        "statusCode": 503 if retryable else 400,
        "errorMessage": "not now" if retryable else "an item is not valid",
    }


def error(status: int, code: str, message: str) -> Answer:
    return _answer(status, {"code": code, "message": message, "status": status})


def _answer(status: int, document: Mapping[str, Any]) -> Answer:
    """Genesys' own answers carry its id for the request; those of proxies do not."""
    headers = {"ININ-Correlation-Id": "00000000-0000-4000-8000-000000000000"}
    return Answer(status, headers, json.dumps(document).encode())
