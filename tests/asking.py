"""What each call of a port requires from IAM: actions, and the resources by their names in the
template.

The actions are AWS's (docs.aws.amazon.com/service-authorization/latest/reference: Amazon SQS,
DynamoDB, S3, Secrets Manager). moto shows that the adapters need these and no others
(tests/handlers/test_roles.py).
"""

from collections.abc import Callable, Sequence

from lambdas.relay.kernel.ports import (
    Change,
    Clock,
    Credentials,
    Delivery,
    Entropy,
    Guard,
    Http,
    Item,
    Ledger,
    Notices,
    Outgoing,
    Ports,
    Queue,
    Records,
    Secrets,
    SenderKeys,
    Telemetry,
    Vault,
    Written,
)

TABLE, BUCKET = "<LedgerTable>", "<VaultBucket>"
ATTENTION = f"{TABLE}/index/attention"
#: what SQS requires on a dead-letter queue when a redrive names a destination
#: (developer guide, dead-letter queue redrive: configuring permissions)
_MOVING = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
#: an action and a resource
Grant = tuple[str, str]
Ask = Callable[[str, str], None]


def queue_resource(name: str) -> str:
    """Of `events`, or of its dead letters, `events-dead`."""
    kind = "Dead" if name.endswith("-dead") else "Queue"
    return f"<Queues{name.removesuffix('-dead').capitalize()}{kind}>"


class AskingLedger:
    """Implements relay.kernel.ports.Ledger."""

    def __init__(self, inner: Ledger, ask: Ask) -> None:
        self._inner = inner
        self._ask = ask

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        self._ask("dynamodb:PutItem" if len(items) == 1 else "dynamodb:PartiQLInsert", TABLE)
        written = self._inner.insert(items)
        if len(items) > 1 and not all(each.applied for each in written):
            self._ask("dynamodb:BatchGetItem", TABLE)
        return written

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        self._ask("dynamodb:UpdateItem", TABLE)
        return self._inner.change(pk, sk, guard, change)

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        if keys:
            self._ask("dynamodb:BatchGetItem", TABLE)
        return self._inner.find(keys)

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        self._ask("dynamodb:Query", TABLE)
        return self._inner.of(pk, begins, before, newest)

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        self._ask("dynamodb:Query", ATTENTION)
        return self._inner.due(attention, before_s, most)


class AskingVault:
    """Implements relay.kernel.ports.Vault."""

    def __init__(self, inner: Vault, ask: Ask) -> None:
        self._inner = inner
        self._ask = ask

    def keep(self, key: str, document: str) -> None:
        self._ask("s3:PutObject", f"{BUCKET}/{key}")
        self._inner.keep(key, document)

    def fetch(self, key: str) -> str | None:
        self._ask("s3:GetObject", f"{BUCKET}/{key}")
        document = self._inner.fetch(key)
        if document is None:
            # Without it S3 answers 403, not 404, for an object that does not exist
            # (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions).
            self._ask("s3:ListBucket", BUCKET)
        return document

    def discard(self, key: str) -> None:
        self._ask("s3:DeleteObject", f"{BUCKET}/{key}")
        self._inner.discard(key)

    def keys(self, beginning: str, most: int) -> Sequence[str]:
        self._ask("s3:ListBucket", BUCKET)
        return self._inner.keys(beginning, most)


class AskingQueue:
    """Implements relay.kernel.ports.Queue."""

    def __init__(self, inner: Queue, name: str, ask: Ask) -> None:
        self._inner = inner
        self._resource = queue_resource(name)
        self._ask = ask

    def send(self, messages: Sequence[Outgoing]) -> None:
        if messages:
            self._ask("sqs:SendMessage", self._resource)
        self._inner.send(messages)

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        self._ask("sqs:ChangeMessageVisibility", self._resource)
        self._inner.change_visibility(delivery, seconds)

    def receive(self, most: int) -> Sequence[Delivery]:
        self._ask("sqs:ReceiveMessage", self._resource)
        return self._inner.receive(most)

    def delete(self, delivery: Delivery) -> None:
        self._ask("sqs:DeleteMessage", self._resource)
        self._inner.delete(delivery)


class AskingSecrets:
    """Implements relay.kernel.ports.Secrets."""

    def __init__(self, inner: Secrets, ask: Ask) -> None:
        self._inner = inner
        self._ask = ask

    def credentials(self, fresh: bool) -> Credentials:
        self._ask("secretsmanager:GetSecretValue", "<CredentialsSecret>")
        return self._inner.credentials(fresh)


class AskingSenderKeys:
    """Implements relay.kernel.ports.SenderKeys."""

    def __init__(self, inner: SenderKeys, ask: Ask) -> None:
        self._inner = inner
        self._ask = ask

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        self._ask("secretsmanager:GetSecretValue", "<WebhookKeys>")
        return self._inner.of(sender, fresh)


class AskingNotices:
    """Implements relay.kernel.ports.Notices."""

    def __init__(self, inner: Notices, ask: Ask) -> None:
        self._inner = inner
        self._ask = ask

    def publish(self, subject: str, text: str) -> None:
        self._ask("sns:Publish", "<AlertTopic>")
        self._inner.publish(subject, text)


class AskingPorts:
    """Implements relay.kernel.ports.Ports: other ports, with `ask` told what each call asks for."""

    def __init__(self, ports: Ports, ask: Ask) -> None:
        self._ports, self._ask = ports, ask

    @property
    def clock(self) -> Clock:
        return self._ports.clock

    @property
    def entropy(self) -> Entropy:
        return self._ports.entropy

    @property
    def telemetry(self) -> Telemetry:
        return self._ports.telemetry

    @property
    def http(self) -> Http:
        return self._ports.http

    @property
    def ledger(self) -> Ledger:
        return AskingLedger(self._ports.ledger, self._ask)

    @property
    def vault(self) -> Vault:
        return AskingVault(self._ports.vault, self._ask)

    @property
    def secrets(self) -> Secrets:
        return AskingSecrets(self._ports.secrets, self._ask)

    @property
    def sender_keys(self) -> SenderKeys:
        return AskingSenderKeys(self._ports.sender_keys, self._ask)

    @property
    def signing_keys(self) -> SenderKeys:
        return AskingSenderKeys(self._ports.signing_keys, self._ask)

    def personal_key(self) -> str:
        self._ask("secretsmanager:GetSecretValue", "<PersonalKeySecret>")
        return self._ports.personal_key()

    def records(self, service: str) -> Records:
        return self._ports.records(service)

    def queue(self, name: str) -> Queue:
        return AskingQueue(self._ports.queue(name), name, self._ask)

    def resume_redrive(self, name: str) -> bool:
        dead = queue_resource(f"{name}-dead")
        self._ask("sqs:ListMessageMoveTasks", dead)
        is_resumed = self._ports.resume_redrive(name)
        if is_resumed:
            for action in _MOVING:
                self._ask(f"sqs:{action}", dead)
            self._ask("sqs:SendMessage", queue_resource(name))
        return is_resumed
