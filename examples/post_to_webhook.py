"""Posts an event to the relay's webhook, again and again until it is durably queued.

    WEBHOOK_URL=https://.../events/webhook WEBHOOK_KEY=... python -m examples.post_to_webhook

The address is the stack's output WebhookUrl; the key is in the secret WebhookSecretName.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import requests

ATTEMPTS_MAX = 8
TIMEOUT_S = 30
#: the only refusals that get better by themselves: too slow, too many at once
PASSING = (408, 429)


def headers(url: str, key: str, body: bytes) -> dict[str, str]:
    """The signature is made anew for every attempt, for its time; the body stays as it is."""
    sender = url.rpartition("/")[2]
    timestamp = str(int(time.time()))
    return {
        "content-type": "application/json",
        "x-relay-timestamp": timestamp,
        "x-relay-signature": signature(key, timestamp, sender, body),
    }


def signature(key: str, timestamp: str, sender: str, body: bytes) -> str:
    """HMAC-SHA256 over the time of signing, the path and the body, with dots between them."""
    mac = hmac.new(key.encode(), f"{timestamp}./events/{sender}.".encode() + body, hashlib.sha256)
    return f"v2={mac.hexdigest()}"


def post(url: str, key: str, event: dict[str, Any]) -> int:
    """Posts until the answer is 200; returns how often it was tried."""
    body = json.dumps(event).encode()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        wait_s = min(30, 0.2 * 2**attempt)
        try:
            answer = requests.post(url, body, headers=headers(url, key, body), timeout=TIMEOUT_S)
            if answer.status_code == 200:
                return attempt
            if 400 <= answer.status_code < 500 and answer.status_code not in PASSING:
                raise RuntimeError(f"not taken, {answer.status_code}: {answer.text}")
            wait_s = max(wait_s, float(answer.headers.get("retry-after", 0)))
        except requests.RequestException as error:
            print(f"attempt {attempt}: {error}")
        time.sleep(wait_s)
    raise RuntimeError(f"the event {event['id']} was not taken; keep it and try again later")


def variables(*names: str) -> list[str]:
    """What the environment says; `--help` explains it."""
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=__doc__, formatter_class=form).parse_args()
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {', '.join(missing)} in the environment; --help says to what.")
    return [os.environ[name] for name in names]


def main() -> None:
    url, key = variables("WEBHOOK_URL", "WEBHOOK_KEY")
    event = {
        "id": str(uuid.uuid4()),
        "type": "order.shipped",
        "createdTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "data": {"customerId": "C-1001", "carrier": "DHL"},
    }
    try:
        print(f"event {event['id']} queued at attempt {post(url, key, event)}")
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
