"""The same ports in three worlds: in memory, on moto, on the emulator.

What the memory world promises to the simulation, the adapters must keep on AWS: so every test of
this suite runs against all of them.
"""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Protocol

from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.adapters.ledger import ATTENTION_INDEX, DynamoLedger
from lambdas.adapters.personal_key import SecretsManagerPersonalKey
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.sender_keys import SecretsManagerSenderKeys
from lambdas.adapters.vault import S3Vault
from lambdas.relay.kernel.ports import Credentials, Ledger, Queue, Secrets, SenderKeys, Vault
from simulation.memory.credentials import (
    MemoryPersonalKey,
    MemorySecrets,
    MemorySenderKeys,
    StoredSecret,
)
from simulation.memory.faults import CALM
from simulation.memory.gate import OpenGate
from simulation.memory.ledger import MemoryLedger
from simulation.memory.queues import MemoryQueue, StoredQueue
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.memory.vault import MemoryVault

VISIBILITY_S = 30
NOW_MS = 1_767_952_800_000


@dataclass(frozen=True, slots=True)
class Secret:
    """A function's view of the secret, what is stored, and how somebody changes it."""

    secrets: Secrets
    stored: Callable[[], Credentials]
    rotate: Callable[[], None]


def written(version: int) -> dict[str, str]:
    return {"client_id": "relay", "client_secret": f"secret {version}"}


class World(Protocol):
    """Makes ports, each over an empty place of its own."""

    def ledger(self) -> Ledger: ...

    def queue(self) -> Queue: ...

    def vault(self) -> Vault: ...

    def secret(self) -> Secret: ...

    def sender_keys(self, stored: Mapping[str, str]) -> SenderKeys: ...

    def personal_key(self, stored: str) -> Callable[[], str]: ...

    def now_ms(self) -> int: ...

    def wait(self, seconds: float) -> None: ...


@dataclass
class Memory:
    timeline: Timeline = field(default_factory=lambda: Timeline(NOW_MS))

    def __post_init__(self) -> None:
        self._gate = OpenGate(self.timeline)

    def ledger(self) -> Ledger:
        return MemoryLedger(Table(), self._gate, CALM, self.timeline)

    def queue(self) -> Queue:
        stored = StoredQueue(
            "contract", self.timeline, Random(1), visibility_s=VISIBILITY_S, retention_s=3600
        )
        return MemoryQueue(stored, self._gate, CALM)

    def vault(self) -> Vault:
        return MemoryVault({}, self._gate, CALM)

    def secret(self) -> Secret:
        stored = StoredSecret()
        return Secret(
            MemorySecrets(stored, self._gate, CALM), lambda: stored.credentials, stored.rotate
        )

    def sender_keys(self, stored: Mapping[str, str]) -> SenderKeys:
        return MemorySenderKeys(stored, self._gate, CALM)

    def personal_key(self, stored: str) -> Callable[[], str]:
        return MemoryPersonalKey(stored, self._gate, CALM)

    def now_ms(self) -> int:
        return self.timeline.now_ms

    def wait(self, seconds: float) -> None:
        self.timeline.advance(seconds)


class Clients(Protocol):
    def client(self, service: Any) -> Any: ...


class Aws:
    """moto's or the emulator's."""

    def __init__(self, clients: Clients) -> None:
        self._client = cache(clients.client)
        self._names = (f"contract-{uuid.uuid4().hex[:8]}-{n}" for n in itertools.count())

    def ledger(self) -> Ledger:
        client, table = self._client("dynamodb"), next(self._names)
        create_ledger_table(client, table)
        return DynamoLedger(client, table)

    def queue(self) -> Queue:
        client = self._client("sqs")
        url = client.create_queue(
            QueueName=next(self._names), Attributes={"VisibilityTimeout": str(VISIBILITY_S)}
        )["QueueUrl"]
        return SqsQueue(client, url)

    def vault(self) -> Vault:
        client, bucket = self._client("s3"), next(self._names)
        client.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        return S3Vault(lambda: client, bucket)

    def sender_keys(self, stored: Mapping[str, str]) -> SenderKeys:
        client, name = self._client("secretsmanager"), next(self._names)
        client.create_secret(Name=name, SecretString=json.dumps(stored))
        return SecretsManagerSenderKeys(client, name)

    def personal_key(self, stored: str) -> Callable[[], str]:
        client, name = self._client("secretsmanager"), next(self._names)
        client.create_secret(Name=name, SecretString=stored)
        return SecretsManagerPersonalKey(lambda: client, name)

    def secret(self) -> Secret:
        client, name = self._client("secretsmanager"), next(self._names)
        versions = itertools.count(2)
        client.create_secret(Name=name, SecretString=json.dumps(written(1)))

        def stored() -> Credentials:
            return Credentials(**json.loads(client.get_secret_value(SecretId=name)["SecretString"]))

        def rotate() -> None:
            client.put_secret_value(SecretId=name, SecretString=json.dumps(written(next(versions))))

        return Secret(SecretsManagerSecrets(client, name), stored, rotate)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def create_ledger_table(client: Any, table: str) -> None:
    """As stacks/ledger.py has it."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "attention", "AttributeType": "S"},
            {"AttributeName": "due_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": ATTENTION_INDEX,
                "KeySchema": [
                    {"AttributeName": "attention", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    client.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
