"""Assembles the functions in AWS, once per sandbox, from adapters and environment variables."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3

from lambdas.adapters.aws import CONFIG
from lambdas.adapters.clock import SystemClock, SystemEntropy
from lambdas.adapters.invocation import NO_RECEIPT, Context, answer, deadline_ms, deliveries_of
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.settings import Settings
from lambdas.adapters.telemetry import PowertoolsTelemetry
from lambdas.relay.kernel.ports import (
    Clock,
    Entropy,
    Http,
    Ledger,
    Notices,
    Queue,
    Records,
    Secrets,
    SenderKeys,
    Vault,
)

if TYPE_CHECKING:
    from lambdas.relay.assembly.consumers import Function

T = TypeVar("T")

#: the root of the asset, which contains configuration.json and this package
ROOT = Path(__file__).parent.parent
CLOCK = SystemClock()


class AwsPorts:
    """Implements relay.kernel.ports.Ports. An adapter is imported and its client made on first use,
    so a cold start pays only for what its function uses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def clock(self) -> Clock:
        return CLOCK

    @cached_property
    def entropy(self) -> Entropy:
        return SystemEntropy()

    @cached_property
    def telemetry(self) -> PowertoolsTelemetry:
        return PowertoolsTelemetry(self._settings.text("RELAY_ENVIRONMENT"))

    @cached_property
    def ledger(self) -> Ledger:
        from lambdas.adapters.ledger import DynamoLedger

        client = boto3.client("dynamodb", config=CONFIG)
        return DynamoLedger(client, self._settings.text("LEDGER_TABLE"))

    @cached_property
    def vault(self) -> Vault:
        from lambdas.adapters.vault import S3Vault

        bucket = self._settings.text("VAULT_BUCKET")
        return S3Vault(lambda: boto3.client("s3", config=CONFIG), bucket)

    @cached_property
    def http(self) -> Http:
        from lambdas.adapters.http import RequestsHttp

        return RequestsHttp(self._settings.timing)

    @cached_property
    def secrets(self) -> Secrets:
        from lambdas.adapters.credentials import SecretsManagerSecrets

        client = boto3.client("secretsmanager", config=CONFIG)
        return SecretsManagerSecrets(client, self._settings.text("GENESYS_SECRET_ID"))

    @cached_property
    def sender_keys(self) -> SenderKeys:
        from lambdas.adapters.sender_keys import SecretsManagerSenderKeys

        client = boto3.client("secretsmanager", config=CONFIG)
        return SecretsManagerSenderKeys(client, self._settings.text("WEBHOOK_SECRET_ID"))

    @cached_property
    def signing_keys(self) -> SenderKeys:
        from lambdas.adapters.sender_keys import SecretsManagerSenderKeys

        client = boto3.client("secretsmanager", config=CONFIG)
        secret_id = self._settings.text("SIGNING_SECRET_ID")
        return SecretsManagerSenderKeys(client, secret_id, "the signing keys' secret")

    def personal_key(self) -> str:
        return self._personal_key()

    @cached_property
    def _personal_key(self) -> Callable[[], str]:
        from lambdas.adapters.personal_key import SecretsManagerPersonalKey

        secret_id = self._settings.text("PERSONAL_KEY_ID")
        return SecretsManagerPersonalKey(
            lambda: boto3.client("secretsmanager", config=CONFIG), secret_id
        )

    def records(self, service: str) -> Records:
        from lambdas.adapters.records import AwsRecords

        return AwsRecords(service)

    @cached_property
    def notices(self) -> Notices:
        from lambdas.adapters.notices import SnsNotices

        client = boto3.client("sns", config=CONFIG)
        return SnsNotices(client, self._settings.text("ALARM_DETAILS_TOPIC"))

    def queue(self, name: str) -> Queue:
        return SqsQueue(self._sqs, self._settings.queue_url(name), _trace)

    def resume_redrive(self, name: str) -> bool:
        from lambdas.adapters.redrives import resume_redrive

        url = self._settings.queue_url
        return resume_redrive(self._sqs, url(f"{name}-dead"), url(name))

    @cached_property
    def _sqs(self) -> Any:
        return boto3.client("sqs", config=CONFIG)


def _trace() -> str:
    """The X-Ray header, which Lambda sets for each invocation
    (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""
    return os.environ.get("_X_AMZN_TRACE_ID", "")


@cache
def settings() -> Settings:
    return Settings(os.environ, ROOT)


@cache
def ports() -> AwsPorts:
    return AwsPorts(settings())


def once(assemble: Callable[[AwsPorts, Settings], T]) -> Callable[[], T]:
    """A function that is assembled at a sandbox's first invocation and then kept."""
    return cache(lambda: assemble(ports(), settings()))


def of_source(functions: Mapping[str, T], event: Mapping[str, Any]) -> T:
    """The function for the queue that an SQS event comes from; `functions` are by queue."""
    names = list(functions)
    if len(names) > 1:
        source = str(event["Records"][0]["eventSourceARN"]).rpartition(":")[2]
        ours = settings()
        names = [n for n in names if ours.queue_url(n).rpartition("/")[2] == source]
    return functions[names[0]]


def consume(
    function: Callable[[], "Function"], event: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """One invocation of a function behind a queue. Takes an SQS event, or one bare EventBridge
    event (the console's Test button)."""
    with flushing():
        arrived = deliveries_of(event, CLOCK)
        kept = function()(arrived, deadline_ms(context, CLOCK))
        if kept and arrived[0].receipt == NO_RECEIPT:
            raise RuntimeError("the event could not be accepted; invoke again")
        return answer(kept)


@contextmanager
def flushing() -> Iterator[None]:
    """Metrics leave the sandbox even if the invocation fails."""
    try:
        yield
    finally:
        ports().telemetry.flush()
