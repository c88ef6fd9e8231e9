"""How to reach a relay: its stack's outputs, and clients of AWS or the embedded one."""

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from emulator.isolation import keep_to_this_machine
from lambdas.adapters.aws import CONFIG, code_of
from lambdas.adapters.clock import SystemClock
from lambdas.adapters.ledger import DynamoLedger
from lambdas.adapters.personal_key import SecretsManagerPersonalKey
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.vault import S3Vault
from lambdas.relay.kernel.lanes import LANE_QUEUES, LANES, queues, title, writes_queue
from lambdas.relay.kernel.ports import Outbox
from lambdas.relay.messages.by_lane import ByLane
from ops.errors import OpsError
from stacks.configuration import ENVIRONMENTS, ConfigurationError, load_environments

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

#: written by `make run` while it runs, removed when it ends
ENDPOINT_FILE = Path(__file__).parent.parent / "out" / "stage" / "endpoint.json"
#: contents of the endpoint file: where AWS and Genesys Cloud are, and the stack's name
ENDPOINT_KEYS = ("aws", "genesys", "account", "region", "environment")
#: placeholder for the environment's name in a profile's name
PLACE = "{environment}"
CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Target:
    """Which relay a command works on."""

    environment: str | None
    #: may contain PLACE
    profile: str | None
    #: instead of the region in the environment's file
    region: str | None
    #: the local run's endpoint file; None: AWS itself
    endpoint_file: Path | None


@dataclass(frozen=True, slots=True)
class Line:
    """A queue and its dead-letter queue, by address."""

    name: str
    url: str
    dead_url: str


class Relay:
    """A deployed relay."""

    def __init__(
        self,
        session: boto3.Session,
        stack: str,
        endpoint: str | None = None,
        genesys_url: str | None = None,
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self.stack = stack
        #: the simulated Genesys Cloud's address; None for the real one
        self.simulator = genesys_url
        self.region = str(session.region_name)

    @property
    def is_embedded(self) -> bool:
        return self._endpoint is not None

    @property
    def title(self) -> str:
        """The relay's name, for people."""
        return f"{self.stack} ({'local run' if self.is_embedded else self.region})"

    def client(self, service: str) -> Any:
        make: Any = self._session.client
        return make(service, endpoint_url=self._endpoint, config=CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        client: SQSClient = self.client("sqs")
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def events(self) -> "EventBridgeClient":
        client: EventBridgeClient = self.client("events")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        client: LambdaClient = self.client("lambda")
        return client

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        client: CloudWatchClient = self.client("cloudwatch")
        return client

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        client: CloudWatchLogsClient = self.client("logs")
        return client

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        client: SecretsManagerClient = self.client("secretsmanager")
        return client

    @cached_property
    def personal_key(self) -> Callable[[], str]:
        """The environment's key for personal names. Raises OpsError if the stack has none; the
        function that it is raises Transient."""
        return SecretsManagerPersonalKey(lambda: self.secrets, self.output("PersonalKeySecretName"))

    @cached_property
    def s3(self) -> "S3Client":
        client: S3Client = self.client("s3")
        return client

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """The stack as CloudFormation describes it. Raises OpsError if there is none."""
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            raise OpsError(
                f"There is no stack {self.stack} in {self.region}: name the environment with "
                "--environment and the region with --region."
            ) from error
        described: Mapping[str, Any] = stack
        return described

    @cached_property
    def resources(self) -> Mapping[str, tuple[str, str]]:
        """The stack's resources: type and physical id ("" if there is none), by logical id."""
        pages = (
            self.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=self.stack)
        )
        return {
            row["LogicalResourceId"]: (row["ResourceType"], row.get("PhysicalResourceId", ""))
            for page in pages
            for row in page["StackResourceSummaries"]
        }

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        return {row["OutputKey"]: row["OutputValue"] for row in self.described.get("Outputs", [])}

    def output(self, name: str) -> str:
        value = self.outputs.get(name)
        if value is None:
            raise OpsError(f"The stack {self.stack} has no output {name}: deploy it again.")
        return value

    def line(self, name: str) -> Line:
        """Raises OpsError if the relay has no queue of that name."""
        if name not in self.queues:
            raise OpsError(f"There is no queue {name}: the queues are {', '.join(self.queues)}.")
        output = title(name)
        return Line(name, self.output(f"{output}QueueUrl"), self.output(f"{output}DeadQueueUrl"))

    def lines(self, name: str | None = None) -> list[Line]:
        return [self.line(each) for each in ([name] if name else self.queues)]

    @property
    def has_lanes(self) -> bool:
        return any(f"{title(name)}QueueUrl" in self.outputs for name in LANE_QUEUES)

    @property
    def queues(self) -> Sequence[str]:
        return list(queues(has_lanes=self.has_lanes))

    @property
    def writes(self) -> Outbox:
        """Where messages to write are sent."""
        if not self.has_lanes:
            return self.queue(self.line("writes").url)
        urls = {lane: self.line(writes_queue(lane)).url for lane in LANES}
        return ByLane({lane: self.queue(url) for lane, url in urls.items()})

    @cached_property
    def ledger(self) -> DynamoLedger:
        return DynamoLedger(self.dynamodb, self.output("LedgerTableName"))

    @cached_property
    def vault(self) -> S3Vault:
        return S3Vault(lambda: self.s3, self.output("VaultBucketName"))

    def queue(self, url: str) -> SqsQueue:
        return SqsQueue(self.sqs, url)

    def configured(self, verb: str) -> Any:
        """A function's configuration, from Lambda."""
        return self.functions.get_function_configuration(
            FunctionName=self.output(f"{verb}FunctionName")
        )

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """The write function's environment: where Genesys is, and its rate limit."""
        variables: Mapping[str, str] = (
            self.configured("Write").get("Environment", {}).get("Variables", {})
        )
        return variables

    def log_group(self, verb: str) -> str:
        return str(self.configured(verb)["LoggingConfig"]["LogGroup"])

    @cached_property
    def version(self) -> str:
        """The version that is running: the functions' code, and since when."""
        deployed = self.described.get("LastUpdatedTime") or self.described["CreationTime"]
        code = base64.b64decode(self.configured("Write")["CodeSha256"]).hex()[:12]
        return f"code {code}, deployed {deployed:%Y-%m-%dT%H:%M:%SZ}"


def connect(target: Target) -> Relay:
    """Raises OpsError; makes no calls yet."""
    if target.endpoint_file is not None:
        return _embedded(target.endpoint_file)
    if not target.environment:
        raise OpsError(
            "Which environment? Name it with --environment or RELAY_ENVIRONMENT, or use --local "
            "for the local run."
        )
    name, region = _named(target.environment)
    profile = target.profile.replace(PLACE, name) if target.profile else None
    # boto3 itself only reads AWS_DEFAULT_REGION.
    region = target.region or region or os.environ.get("AWS_REGION") or None
    return Relay(boto3.Session(profile_name=profile, region_name=region), f"genesys-relay-{name}")


def _named(environment: str) -> tuple[str, str | None]:
    """An environment's name, and the region from its file if there is one: on-call engineers need
    no file. Raises OpsError for a file that cannot be read."""
    path = ENVIRONMENTS / f"{environment}.toml"
    if not environment.endswith(".toml") and not path.is_file():
        return environment, None
    try:
        (found,) = load_environments(environment)
    except ConfigurationError as error:
        raise OpsError(str(error)) from error
    return found.name, found.document.relay.region


def _embedded(file: Path) -> Relay:
    try:
        read = json.loads(file.read_text("utf-8"))
        where = {key: str(read[key]) for key in ENDPOINT_KEYS}
    except FileNotFoundError:
        raise OpsError(
            "No local run is active: start one with `make run` in another terminal."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OpsError(
            f"{file} does not contain the address of the local run yet: repeat the command in a "
            "moment, or restart `make run`."
        ) from error
    keep_to_this_machine(os.environ)
    session = boto3.Session(
        aws_access_key_id=where["account"],
        aws_secret_access_key="none",
        region_name=where["region"],
    )
    stack = f"genesys-relay-{where['environment']}"
    return Relay(session, stack, endpoint=where["aws"], genesys_url=where["genesys"])
