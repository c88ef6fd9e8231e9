"""Puts a business event on the relay's own bus, again and again until EventBridge has taken it.

    AWS_REGION=eu-central-1 RELAY_BUS=genesys-relay-example python -m examples.put_business_event

The bus is the stack's output RelayBusName; the caller needs `events:PutEvents` on it.
"""

import argparse
import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

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
        except NoCredentialsError:
            raise  # this will not get better by itself
        except (ClientError, BotoCoreError) as error:
            print(f"attempt {attempt}: {error}")
        time.sleep(min(30, 0.2 * 2**attempt))
    raise RuntimeError(f"the event {detail.get('id')} was not taken; keep it and try again later")


def variables(*names: str) -> list[str]:
    """What the environment says; `--help` explains it."""
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=__doc__, formatter_class=form).parse_args()
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {', '.join(missing)} in the environment; --help says to what.")
    return [os.environ[name] for name in names]


def main() -> None:
    (bus,) = variables("RELAY_BUS")
    # Decided once, before the first attempt: a retry sends the same bytes.
    detail = {
        "id": str(uuid.uuid4()),
        "type": "order.shipped",
        "occurredAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "correlationId": "checkout-8f14e45f",
        "identifiers": {"customerId": "C-1001"},
        "attributes": {"carrier": "DHL", "parcels": 2},
    }
    try:
        client = boto3.client("events", region_name=os.environ.get("AWS_REGION"))
        attempts = put(client, bus, SOURCE, detail)
        print(f"event {detail['id']} taken at attempt {attempts}")
    except NoRegionError:
        sys.exit("Set AWS_REGION in the environment, or a region in your AWS profile.")
    except (BotoCoreError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
