"""The faults of the simulated platform, and how it treats repetition."""

from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from simulator.validation import STRICT, InvalidSetting, checked

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Fault = Literal[
    "rate_limited",  # 429 below the quota, and again for burst_s seconds
    "error",  # 5xx, no effect
    "error_after_effect",  # 5xx, but it took effect
    "slow",  # answered after slow_s
    "lost_answer",  # it took effect, no answer comes
    "lost_request",  # it had no effect, no answer comes
    "late_effect",  # no answer comes; it takes effect up to late_s later
    "reset",  # TCP reset before anything happened
    "reset_after_effect",  # TCP reset after it took effect
    "truncated",  # it took effect, the connection ends in the middle of the body
    "html",  # it took effect, a proxy answers 200 with its own HTML page
    "redirect",  # 307 to another path, no effect
    "token_revoked",  # 401 once, the token is gone, no effect
]
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]
SERVER_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Conduct:
    """Each fault's share of the requests (at most one fault a request), then the settings."""

    __pydantic_config__: ClassVar = STRICT

    rate_limited: Share = 0.0
    error: Share = 0.0
    error_after_effect: Share = 0.0
    slow: Share = 0.0
    lost_answer: Share = 0.0
    lost_request: Share = 0.0
    late_effect: Share = 0.0
    reset: Share = 0.0
    reset_after_effect: Share = 0.0
    truncated: Share = 0.0
    html: Share = 0.0
    redirect: Share = 0.0
    token_revoked: Share = 0.0
    # Shares of the items. A rejection belongs to the item: it recurs on every retry.
    item_retryable: Share = 0.0
    item_rejected: Share = 0.0
    # Shares of the writes that cause an event; see caused.py.
    event_late: Share = 0.0
    event_twice: Share = 0.0
    event_before_answer: Share = 0.0
    event_never: Share = 0.0
    event_never_nor_effect: Share = 0.0

    burst_s: Seconds = 3.0
    burst_retry_after_s: Seconds = 1.0
    slow_s: Seconds = 1.0
    hang_s: Seconds = 0.0  # how long an answer that never comes keeps the connection open
    late_s: Seconds = 5.0
    event_delay_s: Seconds = 0.5
    event_late_s: Seconds = 15.0

    # Genesys documents Idempotency-Key for one operation only, hence "ignored". "conflict": 409.
    keys: Literal["honoured", "ignored", "conflict"] = "ignored"
    key_ttl_s: Seconds | None = None
    key_keeps_errors: bool = False  # an honoured key also replays a first 5xx, as in some APIs
    ids: Literal["honoured", "ignored"] = "ignored"  # of the items, in the body

    retry_after_s: Seconds | None = None  # replaces every 429's Retry-After
    retry_after_form: Literal["seconds", "date", "garbage", "absent"] = "seconds"
    expires_in_s: Annotated[int, Field(ge=1)] = 86_400
    idle_expiry_s: Seconds | None = None
    logins_per_minute: Annotated[int, Field(ge=0)] = 60
    # Names of endpoints that answer 403, whatever the client's roles allow.
    forbidden: tuple[str, ...] = ()
    unlicensed: bool = False  # the organisation has no Journey Management


NONE = Conduct()
NORMAL = Conduct(
    rate_limited=0.002,
    error=0.003,
    slow=0.01,
    slow_s=0.5,
    lost_answer=0.001,
    lost_request=0.001,
    item_retryable=0.002,
)
HOSTILE = Conduct(
    rate_limited=0.02,
    error=0.03,
    error_after_effect=0.02,
    slow=0.02,
    slow_s=0.8,
    lost_answer=0.03,
    lost_request=0.02,
    late_effect=0.015,
    late_s=2.0,
    reset=0.015,
    reset_after_effect=0.01,
    truncated=0.01,
    html=0.01,
    redirect=0.005,
    token_revoked=0.01,
    item_retryable=0.02,
    event_late=0.05,
    event_twice=0.05,
    event_before_answer=0.05,
    event_never=0.02,
)
PRESETS = {"none": NONE, "normal": NORMAL, "hostile": HOSTILE}
_ADAPTER = TypeAdapter(Conduct)


def changed(current: Conduct, changes: dict[str, Any]) -> Conduct:
    """`current` with `changes` from outside; a key `preset` first replaces the fault shares.

    A preset keeps the settings for repetition, tokens and Retry-After.
    Raises InvalidSetting.
    """
    changes = dict(changes)
    preset = changes.pop("preset", None)
    if preset is not None:
        if preset not in PRESETS:
            raise InvalidSetting(f"preset {preset!r} is none of {', '.join(PRESETS)}")
        kept = {name: getattr(current, name) for name in _KEPT_BY_PRESET}
        current = replace(PRESETS[preset], **kept)
    conduct = checked(_ADAPTER, asdict(current) | changes, "conduct")
    if sum(getattr(conduct, fault) for fault in FAULTS) > 1 + 1e-9:
        raise InvalidSetting("the fault shares add up to more than 1; lower some of them")
    return conduct


_KEPT_BY_PRESET = (
    "keys",
    "key_ttl_s",
    "key_keeps_errors",
    "ids",
    "retry_after_s",
    "retry_after_form",
    "expires_in_s",
    "idle_expiry_s",
    "logins_per_minute",
    "forbidden",
    "unlicensed",
)


def draw(conduct: Conduct, rng: Random) -> Fault | None:
    """At most one fault for one request; always takes exactly one number from `rng`."""
    point = rng.random()
    for fault in FAULTS:
        point -= getattr(conduct, fault)
        if point < 0:
            return fault
    return None
