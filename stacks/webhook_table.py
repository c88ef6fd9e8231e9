"""The table [webhook] of an environment file. Each field's description completes "expected ..."."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stacks.schema.senders import TYPES_FORM, Types
from stacks.tables import Table

#: A shorter replay window refuses senders whose clocks drift; a longer one protects too little.
REPLAY_WINDOW_MIN_S, REPLAY_WINDOW_MAX_S = 30, 3600

#: API Gateway's own limits for an account and region, unless AWS raised them,
#: docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REQUESTS_PER_SECOND_MAX, BURST_MAX = 10_000, 5_000


#: completes "expected ..."
DOMAIN_FORM = (
    'a table such as { name = "hooks.example.com", certificate_arn = "arn:aws:acm:...", '
    'truststore = "s3://bucket/clients.pem" }'
)


class Domain(Table):
    """A custom domain name for the endpoint; with a trust store, only clients with a certificate
    that one of its authorities signed reach the function."""

    name: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="a domain name in lower case, such as hooks.example.com",
    )
    certificate_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-z0-9-]+$",
        description="the ARN of a public certificate of ACM in the stack's region, such as "
        "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-4000-8000-000000000000",
    )
    truststore: str | None = Field(
        default=None,
        # docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S{1,1024}$",
        description="the address of a file with CA certificates, such as s3://bucket/clients.pem",
    )
    truststore_version: str | None = Field(
        default=None,
        pattern=r"^\S{1,1024}$",
        description="the version of that object, if the bucket is versioned",
    )

    @model_validator(mode="after")
    def _a_version_is_of_something(self) -> Self:
        if self.truststore_version is not None and self.truststore is None:
            raise ValueError(
                "truststore_version is given without truststore; expected both or neither."
            )
        return self


class Webhook(Table):
    """The table [webhook]: if present, the endpoint is created."""

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
    domain: Domain | None = Field(default=None, description=DOMAIN_FORM)
    answers_copies: bool = Field(
        default=False, description="true or false (true: it queries the ledger before it answers)"
    )
    types: Types = Field(default={}, description=TYPES_FORM)
