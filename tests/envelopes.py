"""Envelopes as Genesys Cloud publishes them through EventBridge: the ones in tests/events, and
changed copies of them."""

import copy
import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent / "events"

Envelope = dict[str, Any]

NAMES = tuple(sorted(path.stem for path in EVENTS.glob("*.json")))


def envelope(name: str = "acd-start", **body: Any) -> Envelope:
    """A recorded envelope, with these members of its `eventBody` replaced."""
    document: Envelope = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    document["detail"]["eventBody"].update(body)
    return document


def republished(original: Envelope) -> Envelope:
    """The same event in another envelope: what a publisher sends if it missed the first answer. A
    state without its own time keeps its timestamp: nothing else distinguishes it from the next.
    """
    again = copy.deepcopy(original)
    again["id"] = "11111111-2222-4333-8444-555555555555"
    again["time"] = "2026-01-09T09:07:00Z"
    if "eventTime" in again["detail"]["eventBody"]:
        again["detail"]["timestamp"] = "2026-01-09T09:07:00.100Z"
    again["detail"]["metadata"] = {"CorrelationId": "sent again, not a UUID"}
    return again


def text(document: Envelope) -> str:
    return json.dumps(document, ensure_ascii=False)
