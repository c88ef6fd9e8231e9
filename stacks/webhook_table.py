"""The table [webhook] of an environment file. Each field's description completes "expected ..."."""

from typing import Literal

from pydantic import Field

from stacks.schema.senders import TYPES_FORM, Types
from stacks.tables import Table

#: A replay window shorter than this refuses senders whose clocks drift; a longer one is no window.
REPLAY_WINDOW_MIN_S, REPLAY_WINDOW_MAX_S = 30, 3600

#: API Gateway's own limits for an account and region, unless AWS raised them,
#: docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REQUESTS_PER_SECOND_MAX, BURST_MAX = 10_000, 5_000


class Webhook(Table):
    """The table [webhook]: its presence makes the endpoint."""

    verification: Literal["signature", "token"] = Field(
        default="signature", description='"signature" or "token"'
    )
    replay_window_s: int = Field(
        default=300,
        ge=REPLAY_WINDOW_MIN_S,
        le=REPLAY_WINDOW_MAX_S,
        description=f"a whole number of seconds from {REPLAY_WINDOW_MIN_S} to "
        f"{REPLAY_WINDOW_MAX_S}",
    )
    requests_per_second: int = Field(
        default=50,
        ge=1,
        le=REQUESTS_PER_SECOND_MAX,
        description=f"a whole number from 1 to {REQUESTS_PER_SECOND_MAX}",
    )
    burst: int = Field(
        default=100, ge=1, le=BURST_MAX, description=f"a whole number from 1 to {BURST_MAX}"
    )
    sender_requests_per_minute: int = Field(
        default=3_000,
        ge=1,
        le=60 * REQUESTS_PER_SECOND_MAX,
        description=f"a whole number from 1 to {60 * REQUESTS_PER_SECOND_MAX}",
    )
    types: Types = Field(default={}, description=TYPES_FORM)
