"""Posts an event to the relay's webhook, again and again until it is durably queued.

    WEBHOOK_URL=https://.../events/webhook WEBHOOK_KEY=... python -m examples.post_to_webhook

The address is the stack's output WebhookUrl; the key is in the secret WebhookSecretName.
"""

import hashlib
import hmac
import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import requests

ATTEMPTS_MAX = 8
TIMEOUT_S = 30
#: these will not get better by themselves
FINAL = (400, 401, 413)


def headers(key: str, body: bytes) -> dict[str, str]:
    """The signature is made anew for every attempt, for its time; the body stays as it is."""
    timestamp = str(int(time.time()))
    return {
        "content-type": "application/json",
        "x-relay-timestamp": timestamp,
        "x-relay-signature": signature(key, timestamp, body),
    }


def signature(key: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the time of signing, a dot and the body."""
    mac = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"


def post(url: str, key: str, event: dict[str, Any]) -> int:
    """Posts until the answer is 200; returns how often it was tried."""
    body = json.dumps(event).encode()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        wait_s = min(30, 0.2 * 2**attempt)
        try:
            answer = requests.post(url, body, headers=headers(key, body), timeout=TIMEOUT_S)
            if answer.status_code == 200:
                return attempt
            if answer.status_code in FINAL:
                raise RuntimeError(f"{answer.status_code}: {answer.json()['error']}")
            wait_s = max(wait_s, float(answer.headers.get("retry-after", 0)))
        except requests.RequestException as error:
            print(f"attempt {attempt}: {error}")
        time.sleep(wait_s)
    raise RuntimeError(f"the event {event['id']} was not taken; keep it and try again later")


def main() -> None:
    event = {
        "id": str(uuid.uuid4()),
        "type": "order.shipped",
        "createdTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "data": {"customerId": "C-1001", "carrier": "DHL"},
    }
    attempts = post(os.environ["WEBHOOK_URL"], os.environ["WEBHOOK_KEY"], event)
    print(f"event {event['id']} queued at attempt {attempts}")


if __name__ == "__main__":
    main()
