"""Unmistakable names, numbers and tokens go through the functions, and are looked for afterwards
everywhere: they are found where docs/data.md says that payload is, and nowhere else.
"""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from emulator.process import REGION
from lambdas.relay.kernel.limits import QUEUES
from lambdas.relay.kernel.personal import impersonal
from tests.envelopes import envelope, republished, text
from tests.handlers.conftest import Functions
from tests.handlers.deployment import posted
from tests.handlers.genesys import TOKEN, Genesys
from tests.unit.batches import NOW_MS

NAME, MAIL, NUMBER = "Canaria Kanarienvogel", "canaria@kanarienvogel.example", "+4915199988877"
#: what the events say about a person
PERSON = ("Kanarienvogel", "kanarienvogel", "15199988877")
CLIENT_SECRET = "canary-of-the-client-secret"
SENDERS_KEY = "canary-of-the-key-of-a-sender-of-the-webhook"
TOKENS = (CLIENT_SECRET, SENDERS_KEY, TOKEN)
#: "Data": places with payload
WITH_PAYLOAD = {"queues", "vault"}


def places(functions: Functions, logs: str) -> Iterator[tuple[str, str]]:
    """Every place where something stays, and all that it holds."""
    deployment = functions.deployment
    sqs = boto3.client("sqs", region_name=REGION)
    for name in (*QUEUES, *(f"{queue}-dead" for queue in QUEUES)):
        event = deployment.event(name)
        yield "queues", json.dumps(event, ensure_ascii=False)
        tags = sqs.get_queue_attributes(QueueUrl=deployment.url(name), AttributeNames=["All"])
        yield "queues' attributes", json.dumps(tags["Attributes"])
    for table in deployment.dynamodb.list_tables()["TableNames"]:
        items = deployment.dynamodb.scan(TableName=table)["Items"]
        yield "ledger", json.dumps(items, ensure_ascii=False)
    for bucket in deployment.s3.list_buckets()["Buckets"]:
        for row in deployment.s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            yield "names of documents", row["Key"]
            got = deployment.s3.get_object(Bucket=bucket["Name"], Key=row["Key"])
            yield "vault", got["Body"].read().decode() + json.dumps(got["Metadata"])
    yield "logs and metrics", logs


def found(functions: Functions, logs: str, words: tuple[str, ...]) -> set[str]:
    return {place for place, held in places(functions, logs) if any(word in held for word in words)}


@pytest.fixture
def logs(functions: Functions, genesys: Genesys, capsys: pytest.CaptureFixture[str]) -> str:
    """A day: good, bad and repeated events, over the webhook too, answers that quote a person,
    refusals, dead letters."""
    secrets = boto3.client("secretsmanager", region_name=REGION)
    client = {"client_id": "id", "client_secret": CLIENT_SECRET}
    for name, stored in (("CredentialsSecret", client), ("WebhookKeys", {"shop": SENDERS_KEY})):
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(stored))
    said: dict[str, Any] = {"ani": f"tel:{NUMBER}", "agentName": NAME, "mail": MAIL}
    good = envelope("acw", **said)
    unreadable = envelope("acw", **said, conversationId=[NAME])
    by_number = envelope("audit", **said, conversationId=f"tel:{NUMBER}")
    quoted = f"{NAME} ({MAIL}, {NUMBER}) is no customer"
    genesys.answers.extend(
        [(503, {"message": quoted}), (400, {"code": "bad.request", "message": MAIL})]
    )
    send = functions.deployment.send
    send("events", *(text(e) for e in (good, republished(good), unreadable, by_number)), NAME)
    order = json.dumps({"id": f"tel:{NUMBER}", "type": "order.placed", "data": said})
    assert posts(functions, order, order, f"{NAME} is no JSON") == [200, 200, 400]
    assert posts(functions, order, sender=NAME) == [401]
    for _ in range(2):
        functions.consume("intake", "events")
        functions.consume("dedup", "batches")
        functions.consume("write", "writes")
        send("events", text(envelope("acw", **said, conversationId=f"tel:{NUMBER}")))
    send("checks", NAME)
    send("events-dead", text(good), NAME)
    functions.consume("confirm", "checks")
    functions.invoke("reconcile", {})
    functions.invoke("intake", functions.deployment.event("events"))
    told = capsys.readouterr()
    return told.out + told.err


def posts(functions: Functions, *bodies: str, sender: str = "shop") -> list[int]:
    """What the webhook answers."""
    events = [posted(body, sender=sender, key=SENDERS_KEY, at_s=NOW_MS // 1000) for body in bodies]
    return [functions.invoke("webhook", event)["statusCode"] for event in events]


def test_what_events_say_about_a_person_is_found_where_payload_may_be(
    functions: Functions, logs: str
) -> None:
    assert logs
    assert found(functions, logs, PERSON) == WITH_PAYLOAD


def test_nobody_who_suspects_a_number_finds_its_hash(functions: Functions, logs: str) -> None:
    assert found(functions, logs, (impersonal(f"tel:{NUMBER}"),)) == set()


def test_credentials_are_found_nowhere(functions: Functions, logs: str, genesys: Genesys) -> None:
    assert any(TOKEN in headers["authorization"] for headers, _ in genesys.posts), "it was used"
    assert found(functions, logs, TOKENS) == set()
