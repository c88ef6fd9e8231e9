"""The shape of an environment file. Each field's description completes "expected ..."."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lambdas.relay.kernel import limits
from stacks import patterns
from stacks.audit_table import Audit
from stacks.existing_vpc import ELASTIC_IP_FORM, VPC_FORM, ElasticIp, ExistingVpc
from stacks.filling import LINGER_DEFAULT_S, LINGER_MAX_S
from stacks.genesys_regions import GENESYS_DOMAINS
from stacks.schema.parsing import Routing
from stacks.schema.topics import why_never
from stacks.tables import Table
from stacks.webhook_table import Webhook

#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html, Name
SOURCE_CHARS_MAX = 256
PARTNER_SOURCE = re.compile(r"aws\.partner(/[A-Za-z0-9._-]+){2,}")

#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
DETAIL_TYPE_CHARS_MAX = 128
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: of an SQS event source, docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
CONCURRENCY_MIN, CONCURRENCY_MAX = 2, 1000

#: a case expires no sooner than the claims of its events, so no copy of them is taken for news
UNDECIDED_DAYS_MIN = limits.CLAIM_TTL_S // limits.DAY_S

#: Genesys raises its 300 by support case; a larger number than this is a typing error.
REQUESTS_PER_MINUTE_MAX = 30_000

#: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip


def _template(detail_type: str) -> str:
    if UUID.search(detail_type):
        raise ValueError
    if "*" in detail_type:
        raise ValueError(
            f'"{detail_type}" contains a *, which EventBridge compares literally here, so no event '
            "would ever match; write an exact detail-type such as "
            '"v2.detail.events.conversation.{id}.acd.start", or leave detail_types out, so '
            "that the topics of the routes apply."
        )
    why = why_never(detail_type)
    if why:
        raise ValueError(f'"{detail_type}" matches nothing: {why}')
    return detail_type


def _number(days: object) -> object:
    """Refuse true: in Python it equals 1, which is one of the numbers of days."""
    if isinstance(days, bool):
        raise ValueError
    return days


def domain_of(url: str | None) -> str:
    """The Genesys Cloud domain of a URL; "" if it has none."""
    host = (urlsplit(url or "").hostname or "").rstrip(".")
    domains = GENESYS_DOMAINS.values()
    return next((each for each in domains if f".{host}".endswith(f".{each}")), "")


def _not_of_aws(key: str) -> str:
    if key.lower().startswith("aws:"):
        raise ValueError
    return key


def _known_region(region: str) -> str:
    if region not in GENESYS_DOMAINS:
        raise ValueError
    return region


DetailType = Annotated[
    str, Field(min_length=1, max_length=DETAIL_TYPE_CHARS_MAX), AfterValidator(_template)
]
#: docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
TagKey = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_not_of_aws)]
TagValue = Annotated[str, Field(max_length=256)]
#: Plain HTTP only to this machine: for the simulator of the local run.
Url = Annotated[
    str,
    Field(pattern=r"^(https://[A-Za-z0-9.-]+(:\d+)?|http://(127\.0\.0\.1|localhost)(:\d+)?)$"),
]


class Relay(Table):
    """The table [relay]: everything except destinations and routes."""

    partner_event_source: str = Field(
        min_length=1,
        max_length=SOURCE_CHARS_MAX,
        description="the partner event source's name, "
        "aws.partner/genesys.com/cloud/<organisation id>/<suffix>",
    )
    any_event_source: bool = Field(
        default=False,
        description="true or false (true: a local run, whose source may have any name)",
    )
    genesys_region: Annotated[str, AfterValidator(_known_region)] | None = Field(
        default=None, description=f"one of {', '.join(sorted(GENESYS_DOMAINS))}"
    )
    api_url: Url | None = Field(default=None, description="a URL like https://api.mypurecloud.de")
    login_url: Url | None = Field(
        default=None, description="a URL like https://login.mypurecloud.de"
    )
    detail_types: tuple[DetailType, ...] = Field(
        default=(),
        description="a list of detail-types with the literal {id}, such as "
        '"v2.detail.events.conversation.{id}.acd.start"',
    )
    requests_per_minute: int = Field(
        default=300,
        ge=1,
        le=REQUESTS_PER_MINUTE_MAX,
        description=f"a whole number from 1 to {REQUESTS_PER_MINUTE_MAX}",
    )
    headroom: int = Field(
        default=0,
        ge=0,
        le=REQUESTS_PER_MINUTE_MAX,
        description="a whole number from 0, less than requests_per_minute",
    )
    writer_concurrency: int = Field(
        default=6,
        ge=CONCURRENCY_MIN,
        le=CONCURRENCY_MAX,
        description=f"a whole number from {CONCURRENCY_MIN} to {CONCURRENCY_MAX}",
    )
    linger_s: int = Field(
        default=LINGER_DEFAULT_S,
        ge=0,
        le=LINGER_MAX_S["live"],
        description=f"a whole number of seconds from 0 to {LINGER_MAX_S['live']}",
    )
    account: str | None = Field(
        default=None, pattern=r"^\d{12}$", description="the 12 digits of an AWS account, in quotes"
    )
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2,4}(-[a-z]+)+-\d$",
        description="the name of an AWS region such as eu-central-1",
    )
    tags: dict[TagKey, TagValue] = Field(
        default_factory=dict,
        description='a table of texts such as { team = "contact-centre" }, keys of at most 128 '
        "characters that do not begin with aws:",
    )
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$",
        description="the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary",
    )
    bootstrap_qualifier: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]{1,10}$",
        description="the qualifier of the account's CDK bootstrap, at most 10 lower-case letters "
        "and digits",
    )
    removal: Literal["retain", "destroy"] = Field(
        default="retain", description='"retain" or "destroy"'
    )
    ledger_table: str | None = Field(
        default=None,
        # docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html, TableName
        pattern=r"^[A-Za-z0-9_.-]{3,255}$",
        description="the name of a DynamoDB table, such as one restored from the ledger",
    )
    personal_key_arn: str | None = Field(
        default=None,
        # docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, Name
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+$",
        description="the ARN of a secret, such as the output PersonalKeySecretName of the stack "
        "that wrote the ledger",
    )
    log_retention_days: Annotated[RetentionDays, BeforeValidator(_number)] = Field(
        default=30, description="a number of days CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, ..."
    )
    archive_days: int = Field(
        default=14,
        ge=limits.ARCHIVE_DAYS_MIN,
        le=3653,
        description="a whole number of days from 1 to 3653",
    )
    undecided_days: int | None = Field(
        default=None,
        ge=UNDECIDED_DAYS_MIN,
        le=3653,
        description=f"a whole number of days from {UNDECIDED_DAYS_MIN} to 3653",
    )
    alarm_topic_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$",
        description="the ARN of an SNS topic, such as arn:aws:sns:eu-central-1:123456789012:alarms",
    )
    runbook: str = Field(
        default="docs/runbook.md",
        pattern=r"^\S{1,256}$",
        description="the address of your copy of the runbook, without spaces",
    )
    alarm_email: str | None = Field(
        default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="an e-mail address"
    )
    shadow: bool = Field(
        default=False, description="true or false (true: routes claim events but write nothing)"
    )
    lanes: bool = Field(
        default=False, description="true or false (true: each lane has its own queue)"
    )
    timing: Literal["live", "rehearsal"] = Field(
        default="live", description='"live", or "rehearsal" for local runs: the same, but shorter'
    )
    fixed_egress: bool = Field(default=False, description="true or false")
    elastic_ip: ElasticIp | None = Field(default=None, description=ELASTIC_IP_FORM)
    kms_key_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]{36}$",
        description="the ARN of a KMS key (no alias), such as arn:aws:kms:eu-central-1:"
        "123456789012:key/00000000-0000-4000-8000-000000000000",
    )
    vpc: ExistingVpc | None = Field(default=None, description=VPC_FORM)
    partner_bus_exists: bool = Field(
        default=False,
        description=(
            "true or false (true: the source already has a bus, which stays with its owner)"
        ),
    )
    architecture: Literal["arm64", "x86_64"] = Field(
        default="arm64", description='"arm64" or "x86_64"'
    )

    @model_validator(mode="after")
    def _source_is_a_partner_source(self) -> Self:
        source = self.partner_event_source
        if not self.any_event_source and not PARTNER_SOURCE.fullmatch(source):
            raise ValueError(
                f'partner_event_source is "{source}"; expected the name that Genesys shows, '
                "aws.partner/genesys.com/cloud/<organisation id>/<suffix>."
            )
        return self

    @model_validator(mode="after")
    def _hosts_are_decided_once(self) -> Self:
        if self.genesys_region is not None and (self.api_url or self.login_url):
            raise ValueError(
                f'genesys_region is "{self.genesys_region}" and a URL is given as well; '
                "expected either genesys_region or api_url and login_url."
            )
        if self.genesys_region is None and not (self.api_url and self.login_url):
            raise ValueError(
                "genesys_region is missing; expected it, or both api_url and login_url."
            )
        api, login = domain_of(self.api_url), domain_of(self.login_url)
        for name, url, domain in (("api", self.api_url, api), ("login", self.login_url, login)):
            if domain and (urlsplit(url or "").hostname or "") != f"{name}.{domain}":
                raise ValueError(
                    f'{name}_url is "{url}", where Genesys Cloud has no {name}; expected '
                    f"https://{name}.{domain}."
                )
        if api and login and api != login:
            raise ValueError(
                f"api_url is of {api} and login_url of {login}, which are different regions of "
                "Genesys Cloud, and a token of one is not valid in the other; expected one domain."
            )
        return self

    @model_validator(mode="after")
    def _arns_are_of_the_region(self) -> Self:
        """Topics and keys must be in the stack's own region."""
        arns = {"alarm_topic_arn": self.alarm_topic_arn, "kms_key_arn": self.kms_key_arn}
        for name, arn in arns.items():
            if arn and self.region and arn.split(":")[3] != self.region:
                raise ValueError(
                    f'{name} is "{arn}", and region is "{self.region}"; expected one of that '
                    "region."
                )
        return self

    @model_validator(mode="after")
    def _one_way_out(self) -> Self:
        if self.vpc is not None and self.fixed_egress:
            raise ValueError(
                "both vpc and fixed_egress are set, but the functions use only one VPC; expected "
                "either fixed_egress, which creates a VPC with a fixed address, or vpc, an "
                "existing one."
            )
        return self

    @model_validator(mode="after")
    def _headroom_leaves_something(self) -> Self:
        if self.headroom >= self.requests_per_minute:
            raise ValueError(
                f"headroom is {self.headroom}; expected less than requests_per_minute, which is "
                f"{self.requests_per_minute}, so that some is left for the relay."
            )
        return self

    @model_validator(mode="after")
    def _the_pattern_fits(self) -> Self:
        pattern = patterns.wanted(self.partner_event_source, self.account, self.detail_types)
        if patterns.size(pattern) > patterns.PATTERN_CHARS_MAX:
            raise ValueError(
                f"detail_types lists {len(self.detail_types)} names, which make a pattern of "
                f"{patterns.size(pattern)} characters, but EventBridge allows "
                f"{patterns.PATTERN_CHARS_MAX}; list fewer, or none, so that the routes' topics "
                "apply."
            )
        return self

    @property
    def genesys_api_url(self) -> str:
        """The address of the Genesys Cloud platform API."""
        return self.api_url or f"https://api.{GENESYS_DOMAINS[self.genesys_region or '']}"

    @property
    def genesys_login_url(self) -> str:
        """The address of the OAuth server."""
        return self.login_url or f"https://login.{GENESYS_DOMAINS[self.genesys_region or '']}"


class Deployment(Table):
    """The table [deployment]."""

    gradual: bool = Field(
        default=False, description="true or false (true: a tenth of the work first, then all)"
    )


class Document(Routing):
    """A whole environment file."""

    relay: Relay = Field(description="a table [relay]")
    webhook: Webhook | None = Field(default=None, description="a table [webhook]")
    audit: Audit | None = Field(default=None, description="a table [audit]")
    deployment: Deployment = Field(default=Deployment(), description="a table [deployment]")
