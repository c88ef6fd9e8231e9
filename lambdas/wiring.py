"""What the five handlers have in common: making adapters out of settings, once per sandbox."""

import os
from functools import cache
from pathlib import Path

import boto3

from lambdas.adapters.aws import CONFIG
from lambdas.adapters.clock import SystemChance, SystemClock
from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.adapters.http import RequestsHttp
from lambdas.adapters.ledger import DynamoLedger
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.settings import Settings
from lambdas.adapters.telemetry import PowertoolsTelemetry
from lambdas.adapters.vault import S3Vault
from lambdas.relay.correlating import recovery
from lambdas.relay.deliveries import Post
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.pacing import Pace, Quota
from lambdas.relay.ports import Queue

#: the root of the asset, where configuration.json lies beside this package
ROOT = Path(__file__).parent.parent
CLOCK = SystemClock()
CHANCE = SystemChance()


@cache
def settings() -> Settings:
    return Settings(os.environ, ROOT)


@cache
def telemetry() -> PowertoolsTelemetry:
    return PowertoolsTelemetry(settings().text("RELAY_ENVIRONMENT"))


@cache
def queue(variable: str) -> SqsQueue:
    return queue_at(settings().text(variable))


def queue_at(url: str) -> SqsQueue:
    return SqsQueue(_sqs(), url, _trace)


def _trace() -> str:
    """Lambda sets it anew for each invocation
    (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""
    return os.environ.get("_X_AMZN_TRACE_ID", "")


@cache
def _sqs():  # type: ignore[no-untyped-def]
    return boto3.client("sqs", config=CONFIG)


@cache
def ledger() -> DynamoLedger:
    return DynamoLedger(boto3.client("dynamodb", config=CONFIG), settings().text("LEDGER_TABLE"))


@cache
def vault() -> S3Vault:
    return S3Vault(boto3.client("s3", config=CONFIG), settings().text("VAULT_BUCKET"))


@cache
def pace() -> Pace:
    quota = Quota(settings().count("REQUESTS_PER_MINUTE"), settings().count("HEADROOM"))
    return Pace(ledger(), CHANCE, quota)


@cache
def genesys() -> Genesys:
    secrets = SecretsManagerSecrets(
        boto3.client("secretsmanager", config=CONFIG), settings().text("GENESYS_SECRET_ID")
    )
    return Genesys(
        http=RequestsHttp(settings().timing),
        secrets=secrets,
        clock=CLOCK,
        pace=pace(),
        api_url=settings().text("GENESYS_API_URL"),
        login_url=settings().text("GENESYS_LOGIN_URL"),
    )


def recovery_from(writes: Queue) -> recovery.Needs:
    """What it takes to ask Genesys about a request, and to act on the answer."""
    return recovery.Needs(
        ledger=ledger(),
        vault=vault(),
        writes=writes,
        genesys=genesys(),
        destinations=settings().configuration().destinations,
        clock=CLOCK,
        telemetry=telemetry(),
    )


def post(source: str) -> Post:
    """A function's place at its queue, `source` being the queue's name in the variables."""
    return Post(
        source=queue(f"{source}_QUEUE_URL"),
        dead=queue(f"{source}_DEAD_QUEUE_URL"),
        vault=vault(),
        clock=CLOCK,
        chance=CHANCE,
        telemetry=telemetry(),
        receives_max=settings().count(f"{source}_RECEIVES_MAX"),
    )
