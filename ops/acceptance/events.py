"""The run's events: on the relay's bus, on the partner bus, and through the webhook."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import requests

from examples import post_to_webhook, put_business_event
from ops.acceptance.account import Account, Failure

SENDER = "acceptance.example"
#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html, Entries
ENTRIES_MAX = 10
TIMEOUT_S = 60


def business(marker: str) -> dict[str, Any]:
    return {
        "id": marker,
        "type": "acceptance.step",
        "occurredAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "attributes": {"marker": marker},
    }


def put_on_relay_bus(account: Account, markers: Sequence[str]) -> None:
    bus = account.relay.output("RelayBusName")
    _put(account, [put_business_event.entry(bus, SENDER, business(one)) for one in markers])


def put_on_partner_bus(account: Account, bus: str, markers: Sequence[str]) -> None:
    """In Genesys' format; the source is the bus's name, as for a partner."""
    _put(account, [_of_genesys(bus, marker) for marker in markers])


def envelope(account: Account, marker: str) -> str:
    """A business event as the relay's bus delivers it."""
    document = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "acceptance.step",
        "source": SENDER,
        "account": account.relay.output("AlarmTopicArn").split(":")[4],
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": account.relay.region,
        "resources": [],
        "detail": business(marker),
    }
    return json.dumps(document)


def _of_genesys(bus: str, marker: str) -> dict[str, str]:
    conversation, now = str(uuid.uuid4()), datetime.now(UTC)
    detail = {
        "topicName": f"v2.detail.events.conversation.{conversation}.acw",
        "version": "2",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "metadata": {"CorrelationId": str(uuid.uuid4())},
        "eventBody": {
            "eventTime": int(now.timestamp() * 1000),
            "conversationId": conversation,
            "participantId": str(uuid.uuid4()),
            "mediaType": "VOICE",
            "marker": marker,
        },
    }
    return {
        "EventBusName": bus,
        "Source": bus,
        "DetailType": "v2.detail.events.conversation.{id}.acw",
        "Detail": json.dumps(detail),
    }


def _put(account: Account, entries: Sequence[dict[str, str]]) -> None:
    client = account.client("events")
    for start in range(0, len(entries), ENTRIES_MAX):
        answer = client.put_events(Entries=entries[start : start + ENTRIES_MAX])
        if answer["FailedEntryCount"]:
            raise Failure(f"EventBridge did not take an event: {answer['Entries']}.")


def post(account: Account, key: str, marker: str) -> int:
    """The webhook's answer to one attempt."""
    url = account.where.webhook(account.relay.output("WebhookUrl"))
    detail = {
        "id": marker,
        "type": "acceptance.step",
        "createdTime": business(marker)["occurredAt"],
        "data": {"marker": marker},
    }
    body = json.dumps(detail).encode()
    headers = post_to_webhook.headers(url, key, body)
    return requests.post(url, body, headers=headers, timeout=TIMEOUT_S).status_code


def keys(account: Account) -> list[str]:
    """The first sender's keys, from the secret."""
    found = json.loads(_secret(account))["webhook"]
    return [found] if isinstance(found, str) else list(found)


def set_keys(account: Account, wanted: Sequence[str]) -> None:
    document = {**json.loads(_secret(account)), "webhook": list(wanted)}
    account.client("secretsmanager").put_secret_value(
        SecretId=account.relay.output("WebhookSecretName"), SecretString=json.dumps(document)
    )


def _secret(account: Account) -> str:
    answer = account.client("secretsmanager").get_secret_value(
        SecretId=account.relay.output("WebhookSecretName")
    )
    return str(answer["SecretString"])
