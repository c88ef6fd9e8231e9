"""Puts a business event on the relay's own bus, again and again until EventBridge has taken it.

    RELAY_BUS=genesys-relay-example python -m examples.put_business_event

The bus is the stack's output RelayBusName; the caller needs `events:PutEvents` on it.
"""

import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

#: who we are; with the event's id it is the event's identity, so it never changes
SOURCE = "shop.example"
ATTEMPTS_MAX = 8


def entry(bus: str, source: str, detail: dict[str, Any]) -> dict[str, str]:
    """One entry of PutEvents: the event's type is the detail-type, which routes go by."""
    return {
        "EventBusName": bus,
        "Source": source,
        "DetailType": detail["type"],
        "Detail": json.dumps(detail),
    }


def put(client: "EventBridgeClient", bus: str, source: str, detail: dict[str, Any]) -> int:
    """Puts until it was taken; returns how often it was tried. Whether an attempt that failed was
    taken after all does not matter: it says the same, so it is a copy."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            answer = client.put_events(Entries=[entry(bus, source, detail)])  # type: ignore[list-item]
            if not answer["FailedEntryCount"]:
                return attempt
        except (ClientError, BotoCoreError) as error:
            print(f"attempt {attempt}: {error}")
        time.sleep(min(30, 0.2 * 2**attempt))
    raise RuntimeError(f"the event {detail.get('id')} was not taken; keep it and try again later")


def main() -> None:
    # Decided once, before the first attempt: a retry sends the same bytes.
    detail = {
        "id": str(uuid.uuid4()),
        "type": "order.shipped",
        "occurredAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "correlationId": "checkout-8f14e45f",
        "identifiers": {"customerId": "C-1001"},
        "attributes": {"carrier": "DHL", "parcels": 2},
    }
    attempts = put(boto3.client("events"), os.environ["RELAY_BUS"], SOURCE, detail)
    print(f"event {detail['id']} taken at attempt {attempts}")


if __name__ == "__main__":
    main()
