"""Execution environments whose ports are the real adapters, over botocore's own clients."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import botocore.endpoint
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from lambdas.adapters.aws import CONFIG
from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.adapters.invocation import answer, deliveries_of
from lambdas.adapters.ledger import DynamoLedger
from lambdas.adapters.personal_key import SecretsManagerPersonalKey
from lambdas.adapters.queues import SqsQueue
from lambdas.adapters.sender_keys import SecretsManagerSenderKeys
from lambdas.adapters.settings import Settings
from lambdas.adapters.vault import S3Vault
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.routes.configuration import Configuration
from simulation.aws.answers import Refused, Unheard
from simulation.aws.dynamodb import DynamoDb
from simulation.aws.others import S3, SecretsManager, Sqs
from simulation.aws.wiring import Wiring
from simulation.functions import Function, Instance, Neighbours
from simulation.memory.gate import Gate

#: how long a client waits for an answer that never comes: lambdas/adapters/aws.py, READ_TIMEOUT_S
UNHEARD_S = 5
#: between two attempts of the SDK; botocore draws up to about a second, from its own randomness
BETWEEN_TRIES_S = 0.3


class Aws:
    """All that a world's functions reach in AWS."""

    def __init__(self, neighbours: Neighbours, wiring: Wiring) -> None:
        n = neighbours
        self._gate: Gate = n.gate
        self._dynamodb = DynamoDb(wiring.table, n.table, n.faults, n.timeline)
        self._sqs = Sqs({wiring.addresses[name]: q for name, q in n.queues.items()}, n.faults)
        self._s3 = S3(n.documents, n.faults)
        self._secrets = SecretsManager(n.secret, n.sender_keys, n.faults)
        session = boto3.Session("none", "none", region_name="eu-central-1")
        hook: Any = self._answer  # if a hook answers, botocore uses what it returns
        session.events.register("before-send", hook)
        self.clients = {
            service: session.client(service, config=CONFIG)
            for service in ("dynamodb", "sqs", "s3", "secretsmanager")
        }

    def _answer(self, request: AWSPreparedRequest, **_more: object) -> AWSResponse:
        target = _text(request.headers.get("X-Amz-Target", ""))
        operation = target.rpartition(".")[2] or f"s3 {request.method}"
        self._gate.step(operation)
        try:
            response = self._heard(request, target, operation)
        except Unheard:
            self._gate.wait(f"{operation} unheard", UNHEARD_S)
            raise ReadTimeoutError(endpoint_url=request.url) from None
        self._gate.step(f"{operation} answered")
        return response

    def _heard(self, request: AWSPreparedRequest, target: str, operation: str) -> AWSResponse:
        if not target:
            return self._of_s3(request)
        service: Any = {
            "DynamoDB_20120810": self._dynamodb,
            "AmazonSQS": self._sqs,
            "secretsmanager": self._secrets,
        }[target.partition(".")[0]]
        called = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).strip("_")
        call = json.loads(_bytes(request.body))
        try:
            if target.startswith("Dynamo"):
                self._dynamodb.refuse_other(call)
            status, document = 200, getattr(service, called)(call)
        except Refused as refused:
            status = refused.status
            document = {"__type": f"x#{refused.code}", "message": "no", **refused.more}
        return _response(request, status, json.dumps(document).encode())

    def _of_s3(self, request: AWSPreparedRequest) -> AWSResponse:
        parts = urlsplit(request.url)
        key = unquote(parts.path).lstrip("/")
        if parts.netloc.partition(".")[0] == "s3":  # the bucket is in the path, not in the host
            key = key.partition("/")[2]
        body = _bytes(request.body)
        if "aws-chunked" in _text(request.headers.get("Content-Encoding", "")):
            body = _unchunked(body)
        status, page = self._s3.answer(str(request.method), key, dict(parse_qsl(parts.query)), body)
        return _response(request, status, page)


class WiredInstance(Instance):
    """Implements relay.kernel.ports.Ports."""

    def __init__(
        self, verb: str, neighbours: Neighbours, skew_ms: int, aws: Aws, wiring: Wiring
    ) -> None:
        super().__init__(neighbours, skew_ms)
        told = FunctionVariables(wiring.variables[verb], neighbours.settings.configuration)
        self.settings: Any = told
        clients: Mapping[str, Any] = aws.clients
        self.ledger: Any = DynamoLedger(clients["dynamodb"], wiring.text(verb, "LEDGER_TABLE"))
        bucket = wiring.text(verb, "VAULT_BUCKET")
        self.vault: Any = S3Vault(lambda: clients["s3"], bucket)
        secrets = clients["secretsmanager"]
        self.secrets: Any = SecretsManagerSecrets(secrets, wiring.text(verb, "GENESYS_SECRET_ID"))
        self.sender_keys: Any = SecretsManagerSenderKeys(
            secrets, wiring.text(verb, "WEBHOOK_SECRET_ID")
        )
        self.personal_key = SecretsManagerPersonalKey(
            lambda: secrets, wiring.text(verb, "PERSONAL_KEY_ID")
        )
        self._told = told
        self._client = clients["sqs"]

    def queue(self, name: str) -> Any:
        return SqsQueue(self._client, self._told.queue_url(name))


class FunctionVariables(Settings):
    """A function's variables, and the world's own configuration in place of the asset's."""

    def __init__(self, variables: Mapping[str, str], configuration: Configuration) -> None:
        super().__init__(variables, Path())
        self._own = configuration

    @cached_property
    def configuration(self) -> Configuration:
        return self._own


def as_lambda_does(function: Function, instance: Instance) -> Function:
    """The messages as Lambda hands them over, and the answer as Lambda reads it."""

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        event = {"Records": [_record(delivery) for delivery in deliveries]}
        kept = function(deliveries_of(event, instance.clock), deadline_ms)
        return [row["itemIdentifier"] for row in answer(kept)["batchItemFailures"]]

    return run


def _record(delivery: Delivery) -> dict[str, Any]:
    """docs.aws.amazon.com/lambda/latest/dg/with-sqs.html; first received an hour later."""
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": {
            "ApproximateReceiveCount": str(delivery.receives),
            "SentTimestamp": str(delivery.sent_at_ms),
            "ApproximateFirstReceiveTimestamp": str(delivery.sent_at_ms + 3_600_000),
        },
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"}
            for name, value in delivery.attributes.items()
        },
    }


@contextmanager
def sleeping_in(gate: Gate) -> Iterator[None]:
    """Between its attempts the SDK sleeps in the world's time."""
    original: Any = botocore.endpoint.time  # type: ignore[attr-defined]
    nap: Callable[[float], None] = lambda _: gate.wait("sdk", BETWEEN_TRIES_S)  # noqa: E731
    botocore.endpoint.time = SimpleNamespace(sleep=nap)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        botocore.endpoint.time = original  # type: ignore[attr-defined]


class _Raw:
    """What urllib3 would hand botocore: a body, once."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_arguments: object, **_named: object) -> Iterator[bytes]:
        yield self._body

    def read(self, *_arguments: object, **_named: object) -> bytes:
        body, self._body = self._body, b""
        return body


def _response(request: AWSPreparedRequest, status: int, body: bytes) -> AWSResponse:
    headers: Any = {"content-type": "application/x-amz-json-1.0"}
    raw: Any = _Raw(body)
    return AWSResponse(request.url, status, headers, raw)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


def _unchunked(body: bytes) -> bytes:
    """docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: sizes in hexadecimal."""
    held = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        held, body = held + rest[:length], rest[length + 2 :]
    return held
