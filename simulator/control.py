"""The control API under /_sim/: read the record, change the faults. No token, no rate limit.

| call | body or query | what it does |
|---|---|---|
| GET record | `effects_from`, `requests_from`, `limit` | entries from these numbers on |
| GET summary | | counts (record.Record.summary), the settings, what is still pending |
| GET conduct, POST conduct | faults.Conduct's fields, `preset` | reads, changes the faults |
| GET assumptions, POST assumptions | assumptions.Assumptions' fields | reads, changes them |
| POST role | `lacks` | the client's role has all permissions but these |
| POST conversations | `known`: participants' ids by conversation | these exist from now on |
| POST history | `conversations`, `available_until` | what analytics know, until when |
| POST outage | `seconds`, `manner` 503 or drop | an outage from now; 0 ends it |
| POST secrets | `client_id`, `secrets`, `revoke_tokens` | the client's valid secrets from now on |
| POST limit | `allowed`, `window_s`, `blocked_s` | the request quota; refuse all for this long |
| POST limit | `other_per_minute`, `other_manner` even or first | another user of the quota |
| POST poison | `ids`, `marker`, `rejects`, `status` | items that are always rejected |
| POST fates | `next` | the fates of the events that the next writes cause |
| GET caused | `wait` = false: also those not yet published | returns the caused events, once |
| POST reset | | back to the initial state |
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from simulator.assumptions import reassumed
from simulator.caused import Fate, iso
from simulator.faults import Seconds, changed
from simulator.items import Poison
from simulator.messages import Answer, Reply, Request, json_answer
from simulator.oauth import CLIENT_ID
from simulator.platform import GenesysPlatform
from simulator.roles import ROLE_ID, role
from simulator.shapes import flaw_of
from simulator.validation import STRICT, InvalidSetting, checked

PREFIX = "/_sim/"


@dataclass(frozen=True, slots=True)
class Outage:
    __pydantic_config__: ClassVar = STRICT
    seconds: Seconds
    manner: Literal["503", "drop"] = "503"


@dataclass(frozen=True, slots=True)
class Secrets:
    __pydantic_config__: ClassVar = STRICT
    client_id: str = CLIENT_ID
    secrets: tuple[str, ...] | None = None
    revoke_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    __pydantic_config__: ClassVar = STRICT
    allowed: Annotated[int, Field(ge=0)] | None = None
    window_s: Annotated[float, Field(gt=0)] | None = None
    other_per_minute: Annotated[float, Field(ge=0)] | None = None
    other_manner: Literal["even", "first"] | None = None
    blocked_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class PoisonOrder:
    __pydantic_config__: ClassVar = STRICT
    ids: tuple[str, ...] = ()
    marker: str = "poison-pill"
    rejects: Literal["endpoint", "batch"] = "endpoint"
    status: Literal[400, 413, 422] = 400


@dataclass(frozen=True, slots=True)
class Fates:
    __pydantic_config__: ClassVar = STRICT
    next: tuple[Fate, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    __pydantic_config__: ClassVar = STRICT
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    __pydantic_config__: ClassVar = STRICT
    known: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class History:
    __pydantic_config__: ClassVar = STRICT
    conversations: tuple[dict[str, Any], ...] = ()
    available_until: str | None = None


_LACKING = TypeAdapter(Lacking)
_KNOWN, _HISTORY = TypeAdapter(Known), TypeAdapter(History)
_OUTAGE, _SECRETS, _LIMIT = TypeAdapter(Outage), TypeAdapter(Secrets), TypeAdapter(Limit)
_POISON, _FATES = TypeAdapter(PoisonOrder), TypeAdapter(Fates)


def control(platform: GenesysPlatform, request: Request) -> Answer:
    """Answer one control request; bad input is 400 with one sentence under "error"."""
    command = _COMMANDS.get((request.method, request.path.removeprefix(PREFIX)))
    if command is None:
        known = ", ".join(f"{method} {PREFIX}{path}" for method, path in _COMMANDS)
        message = f"{request.method} {request.path} is no control call; there are: {known}"
        return json_answer(Reply(404, {"error": message}), {})
    try:
        value = _body(request) if request.method == "POST" else dict(request.query)
        return json_answer(Reply(200, command(platform, value)), {})
    except InvalidSetting as invalid:
        return json_answer(Reply(400, {"error": str(invalid)}), {})


def _body(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(request.body or b"{}")
    except ValueError as error:
        raise InvalidSetting(f"the body of {request.path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidSetting(f"the body of {request.path} must be a JSON object")
    return value


def _record(platform: GenesysPlatform, query: Mapping[str, Any]) -> dict[str, Any]:
    platform.settle()
    record = platform.record
    limit = _number(query, "limit", len(record.requests) + len(record.effects))
    effects = record.effects[_number(query, "effects_from", 1) - 1 :][:limit]
    requests = record.requests[_number(query, "requests_from", 1) - 1 :][:limit]
    return {
        "effects": [asdict(effect) for effect in effects],
        "requests": [asdict(entry) for entry in requests],
        "violations": [asdict(violation) for violation in record.violations],
        "rejected": record.rejected,
    }


def _number(query: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = str(query.get(name, otherwise))
    if not value.isdecimal() or (name != "limit" and int(value) < 1):
        raise InvalidSetting(f"{name} must be a whole number from 1, not {value!r}")
    return int(value)


def _summary(platform: GenesysPlatform, query: Mapping[str, Any]) -> dict[str, Any]:
    platform.settle()
    limiter = platform.limiter
    return {
        **platform.record.summary(),
        "late_effects_waiting": platform.late_effects,
        "caused_events_waiting": len(platform.caused.waiting),
        "limit": {"allowed": limiter.allowed, "window_s": limiter.window_s},
        "outage_s_left": max(0.0, platform.outage_until - platform.clock()),
        "conduct": asdict(platform.conduct),
    }


def _conduct(platform: GenesysPlatform, query: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(platform.conduct)


def _change_conduct(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    platform.conduct = changed(platform.conduct, value)
    return asdict(platform.conduct)


def _assumptions(platform: GenesysPlatform, query: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(platform.assumptions)


def _change_assumptions(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    platform.assumptions = reassumed(platform.assumptions, value)
    return asdict(platform.assumptions)


def _role(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    platform.org.roles[ROLE_ID] = role(checked(_LACKING, value, "role").lacks)
    return platform.org.roles


def _conversations(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    order = checked(_KNOWN, value, "conversations")
    for conversation_id, participants in order.known.items():
        platform.org.begin_conversation(conversation_id, participants, iso(platform.clock()))
    return {"conversations": len(platform.org.conversations)}


def _history(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    order, org = checked(_HISTORY, value, "history"), platform.org
    for conversation in order.conversations:
        if flaw := flaw_of("AnalyticsConversationWithoutAttributes", conversation):
            raise InvalidSetting(f"a conversation is not as the SDK has it: {flaw}")
        if not {"conversationId", "conversationStart"} <= conversation.keys():
            raise InvalidSetting("a conversation needs conversationId and conversationStart")
        org.history[conversation["conversationId"]] = conversation
    if order.available_until is not None:
        org.details_available_until = order.available_until
    return {"conversations": len(org.history)}


def _outage(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    outage = checked(_OUTAGE, value, "outage")
    platform.outage(outage.seconds, outage.manner)
    return {"outage_until": platform.outage_until}


def _secrets(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    order = checked(_SECRETS, value, "secrets")
    if order.secrets is not None:
        platform.oauth.secrets[order.client_id] = set(order.secrets)
    if order.revoke_tokens:
        platform.oauth.revoke_all(order.client_id)
    return {"client_id": order.client_id, "tokens": len(platform.oauth.tokens)}


def _limit(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    order, limiter = checked(_LIMIT, value, "limit"), platform.limiter
    for name in ("allowed", "window_s", "other_per_minute", "other_manner"):
        if getattr(order, name) is not None:
            setattr(limiter, name, getattr(order, name))
    if order.blocked_s is not None:
        limiter.block(platform.clock() + order.blocked_s)
    return {
        "allowed": limiter.allowed,
        "window_s": limiter.window_s,
        "other_per_minute": limiter.other_per_minute,
        "other_manner": limiter.other_manner,
        "blocked_until": limiter.blocked_until,
    }


def _poison(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    order = checked(_POISON, value, "poison")
    platform.poison = Poison(frozenset(order.ids), order.marker, order.rejects, order.status)
    return asdict(order)


def _fates(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    platform.caused.next_fates.extend(checked(_FATES, value, "fates").next)
    return {"next": list(platform.caused.next_fates)}


def _caused(platform: GenesysPlatform, query: Mapping[str, Any]) -> dict[str, Any]:
    if query.get("wait", "true") not in ("true", "false"):
        raise InvalidSetting(f"wait must be true or false, not {query['wait']!r}")
    early = query.get("wait") == "false"
    events = platform.drain_caused(float("inf") if early else platform.clock())
    return {"events": [asdict(event) for event in events]}


def _reset(platform: GenesysPlatform, value: dict[str, Any]) -> dict[str, Any]:
    platform.reset()
    return {"reset": True}


_COMMANDS: dict[tuple[str, str], Callable[[GenesysPlatform, dict[str, Any]], dict[str, Any]]] = {
    ("GET", "record"): _record,
    ("GET", "summary"): _summary,
    ("GET", "conduct"): _conduct,
    ("POST", "conduct"): _change_conduct,
    ("GET", "assumptions"): _assumptions,
    ("POST", "assumptions"): _change_assumptions,
    ("POST", "role"): _role,
    ("POST", "conversations"): _conversations,
    ("POST", "history"): _history,
    ("POST", "outage"): _outage,
    ("POST", "secrets"): _secrets,
    ("POST", "limit"): _limit,
    ("POST", "poison"): _poison,
    ("POST", "fates"): _fates,
    ("GET", "caused"): _caused,
    ("POST", "reset"): _reset,
}
