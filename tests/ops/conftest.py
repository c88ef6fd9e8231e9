"""A deployed relay without AWS: moto's queues, table and bucket behind the command line."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.relay.kernel.limits import QUEUES
from lambdas.relay.kernel.ports import Outgoing
from ops import dead_letter, session
from ops.connection import CLOCK, Relay, Target
from simulation.memory.credentials import PERSONAL_KEY
from tests.contract.worlds import create_ledger_table
from tests.moto_partiql import teach_inserts
from tests.moto_redrives import teach_redrives

REGION = "eu-west-1"
LOG_GROUP = "the log of reconcile"
HERE: Any = {"LocationConstraint": REGION}


class Deployed(Relay):
    """A relay whose stack is what moto has."""

    def __init__(self) -> None:
        super().__init__(boto3.Session(region_name=REGION), "genesys-relay-test")
        self.made: dict[str, str] = {"Destinations": "journey", "LedgerTableName": "ledger"}
        for name in QUEUES:
            dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
            policy = {
                "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:123456789012:{name}-dead",
                "maxReceiveCount": "10",
            }
            live = self.sqs.create_queue(
                QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)}
            )["QueueUrl"]
            self.made |= {
                f"{name.capitalize()}QueueUrl": live,
                f"{name.capitalize()}DeadQueueUrl": dead,
            }
        create_ledger_table(self.dynamodb, "ledger")
        self.s3.create_bucket(Bucket="vault", CreateBucketConfiguration=HERE)
        self.made["VaultBucketName"] = "vault"
        made = self.secrets.create_secret(Name="personal key", SecretString=PERSONAL_KEY)
        self.made["PersonalKeySecretName"] = made["ARN"]
        self.logs.create_log_group(logGroupName=LOG_GROUP)
        self.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="1")
        self.reconciled(CLOCK.now_ms(), redriven=2)

    def reconciled(self, at_ms: int, **result: int) -> None:
        """A run of reconcile ends."""
        self._log(at_ms, message="reconciled", service="reconcile", **result)

    def audited(self, at_ms: int, **result: int) -> None:
        """The daily audit, which this relay has from then on, ends."""
        self.made["AuditFunctionName"] = "audit"
        self._log(at_ms, message="audited", service="audit", **result)

    def _log(self, at_ms: int, **said: str | int) -> None:
        events: Any = [{"timestamp": at_ms, "message": json.dumps(said)}]
        self.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="1", logEvents=events)

    def log_group(self, verb: str) -> str:
        return LOG_GROUP

    @property
    def version(self) -> str:
        return "code 1a2b3c, deployed 2026-11-27T08:00:00Z"

    @property
    def outputs(self) -> dict[str, str]:
        return self.made

    @property
    def settings(self) -> dict[str, str]:
        return {"REQUESTS_PER_MINUTE": "300"}


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("COLUMNS", "200")
    teach_inserts(monkeypatch)
    teach_redrives(monkeypatch)
    with mock_aws():
        deployed = Deployed()

        def connect(_target: Target) -> Relay:
            return deployed

        monkeypatch.setattr(session, "connect", connect)
        monkeypatch.setattr(dead_letter, "WAIT_S", 0)
        yield deployed


def dead_letter_in(relay: Deployed, queue: str, body: str, **attributes: str) -> None:
    """Puts a message into a dead-letter queue."""
    relay.queue(relay.line(queue).dead_url).send([Outgoing(body, attributes)])


def waiting(relay: Deployed, url: str) -> list[dict[str, Any]]:
    """What a queue holds; the messages stay hidden."""
    answer = relay.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [dict(message) for message in answer.get("Messages", [])]
