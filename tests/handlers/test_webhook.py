"""The webhook's handler, called as API Gateway calls it, with the queue and the secret in moto."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from moto import mock_aws

from lambdas import webhook, wiring
from lambdas.adapters.sender_keys import SecretsManagerSenderKeys
from lambdas.relay.kernel.errors import Transient
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve
from tests.handlers import deployment

KEY = "k" * 64
BODY = '{"createdTime":1767952800,"data":{},"id":"e-1","type":"cart.filled \u00e9"}'
CONFIGURATION = {
    "destinations": {"there": {"kind": "generic"}},
    "routes": [{"name": "all", "destination": "there"}],
    "sender_types": {"shop": ["cart.*"]},
}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 10_000


@pytest.fixture
def queue_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "configuration.json").write_text(json.dumps(resolve(parse(CONFIGURATION))))
    monkeypatch.setattr(wiring, "ROOT", tmp_path)
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "RELAY_ENVIRONMENT": "test",
        "POWERTOOLS_SERVICE_NAME": "webhook",
        "POWERTOOLS_METRICS_NAMESPACE": "GenesysRelay",
        "WEBHOOK_VERIFICATION": "signature",
        "WEBHOOK_REPLAY_WINDOW_S": "300",
        "WEBHOOK_SENDER_REQUESTS_PER_MINUTE": "100",
        "WEBHOOK_ANSWERS_COPIES": "false",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        secret = boto3.client("secretsmanager").create_secret(
            Name="keys", SecretString=json.dumps({"shop": KEY})
        )
        url = boto3.client("sqs").create_queue(QueueName="events")["QueueUrl"]
        monkeypatch.setenv("WEBHOOK_SECRET_ID", secret["ARN"])
        monkeypatch.setenv("EVENTS_QUEUE_URL", url)
        _forget()
        yield url
    _forget()


def _forget() -> None:
    for module in (wiring, webhook):
        for kept in vars(module).values():
            if hasattr(kept, "cache_clear"):
                kept.cache_clear()


def posted(body: str, sender: str = "shop") -> dict[str, Any]:
    return deployment.posted(body, sender=sender, key=KEY, at_s=int(time.time()))


def bodies(url: str) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_an_event_is_in_the_queue_when_200_is_answered(queue_url: str) -> None:
    answer = webhook.handler(posted(BODY), Context())

    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "application/json"
    assert json.loads(answer["body"])["status"] == "queued"
    (envelope,) = bodies(queue_url)
    assert envelope["source"] == "shop"
    assert envelope["detail"] == json.loads(BODY)


def test_a_body_in_base64_is_what_was_signed(queue_url: str) -> None:
    text = base64.b64encode(BODY.encode()).decode()
    event = posted(BODY) | {"body": text, "isBase64Encoded": True}

    assert webhook.handler(event, Context())["statusCode"] == 200


def test_a_route_of_its_own_names_the_sender_in_the_path(queue_url: str) -> None:
    event = posted(BODY) | {"pathParameters": None, "rawPath": "/events/shop"}

    assert webhook.handler(event, Context())["statusCode"] == 200


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        # Made when the test runs: a signature is valid for a few minutes only.
        (lambda: posted(BODY, sender="till"), 401),
        (lambda: posted("{"), 400),
        (lambda: posted("x" * 300_000), 413),
        (lambda: {"version": "2.0", "headers": {}}, 401),
    ],
    ids=["a sender nobody named", "no JSON", "too large", "nothing at all"],
)
def test_a_refusal_says_why(
    queue_url: str, request_of: Callable[[], dict[str, Any]], status: int
) -> None:
    answer = webhook.handler(request_of(), Context())

    assert answer["statusCode"] == status
    assert json.loads(answer["body"])["error"]
    assert bodies(queue_url) == []


def test_without_its_queue_the_sender_is_asked_to_send_again(queue_url: str) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=queue_url)

    answer = webhook.handler(posted(BODY), Context())

    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "5"


def test_what_happened_is_counted_once_per_request(
    queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.handler(posted(BODY), Context())

    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [metric["WebhookTaken"] for metric in metrics] == [[1.0]]


def test_if_a_token_is_configured_the_token_counts(
    queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_VERIFICATION", "token")
    _forget()
    bearing = posted(BODY) | {"headers": {"authorization": f"Bearer {KEY}"}}

    assert webhook.handler(posted(BODY), Context())["statusCode"] == 401
    assert webhook.handler(bearing, Context())["statusCode"] == 200


# The secret


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"shop": "short"}', '{"shop": []}', json.dumps({"Shop!": KEY}), '{"shop": 7}'],
)
def test_a_secret_that_holds_no_keys_gives_a_sentence(queue_url: str, text: str) -> None:
    client = boto3.client("secretsmanager")
    client.put_secret_value(SecretId="keys", SecretString=text or " ")

    with pytest.raises(Transient, match="correct it in Secrets Manager"):
        SecretsManagerSenderKeys(client, "keys").of("shop", fresh=False)


def test_one_senders_unusable_entry_affects_only_that_sender(queue_url: str) -> None:
    client = boto3.client("secretsmanager")
    client.put_secret_value(SecretId="keys", SecretString=json.dumps({"shop": KEY, "till": []}))
    keys = SecretsManagerSenderKeys(client, "keys")

    assert keys.of("shop", fresh=False) == (KEY,)
    with pytest.raises(Transient, match="no usable key for till"):
        keys.of("till", fresh=False)


def test_a_secret_that_cannot_be_read_is_not_asked_for_by_every_request(
    queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("secretsmanager")
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    reading = Mock(wraps=client.get_secret_value)
    monkeypatch.setattr(client, "get_secret_value", reading)
    keys = SecretsManagerSenderKeys(client, "keys")
    client.put_secret_value(SecretId="keys", SecretString="no JSON")
    for _ in range(5):
        with pytest.raises(Transient, match="correct it in Secrets Manager"):
            keys.of("shop", fresh=True)
    assert reading.call_count == 1

    client.put_secret_value(SecretId="keys", SecretString=json.dumps({"shop": KEY}))
    now[0] += 11

    assert keys.of("shop", fresh=False) == (KEY,)


def test_keys_are_read_again_when_one_does_not_fit_but_not_every_time(
    queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("secretsmanager")
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    keys = SecretsManagerSenderKeys(client, "keys")
    assert keys.of("shop", fresh=False) == (KEY,)
    client.put_secret_value(SecretId="keys", SecretString=json.dumps({"shop": [KEY, "n" * 32]}))

    assert keys.of("shop", fresh=True) == (KEY,)
    now[0] += 11
    assert keys.of("shop", fresh=False) == (KEY,)
    assert keys.of("shop", fresh=True) == (KEY, "n" * 32)
    assert keys.of("till", fresh=False) == ()
