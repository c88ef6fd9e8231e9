"""What the rivals share: reading an envelope, and one POST to Genesys that worked or raises."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.kernel.ports import Answer
from simulation.functions import Instance
from simulation.workload import UNROUTED
from simulation.world_paths import PATH


class NotTaken(Exception):
    """Genesys did not take the request, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Read:
    """An event as a rival reads it."""

    #: over what the event says: the best identity that a rival can have (timestamps are worse)
    identity: str
    conversation: str
    moment: str
    item: dict[str, Any]


def read(text: str) -> Read | None:
    """None for an event that nobody wants. Raises what json and dict raise."""
    envelope = json.loads(text)
    topic, body = envelope["detail-type"], envelope["detail"]["eventBody"]
    if topic == UNROUTED or body.get("unwanted"):
        return None
    identity = short(digest("rival", canonical([topic, body])), 26)
    item = {"id": identity, "marker": body["marker"]}
    if body.get("poison"):
        item["poison"] = True
    return Read(identity, str(body.get("conversationId")), str(body.get("eventTime")), item)


class PlainClient:
    """An OAuth token, a POST, and an exception for anything but success."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._token: str | None = None

    def post(self, items: list[dict[str, Any]], key: str) -> None:
        answer = self._instance.http.send(
            "POST",
            f"https://api.simulated{PATH}",
            {
                "Authorization": f"Bearer {self._token or self._log_in()}",
                "Idempotency-Key": key,
                "x-correlation-id": key,
            },
            json.dumps({"entities": items}).encode(),
        )
        if isinstance(answer, Answer) and answer.status == 401:
            self._token = None
        if not isinstance(answer, Answer) or answer.status >= 300:
            raise NotTaken(repr(answer))
        if json.loads(answer.body).get("unprocessedEntities"):
            raise NotTaken("not every item was taken")

    def _log_in(self) -> str:
        credentials = self._instance.secrets.credentials(fresh=True)
        pair = f"{credentials.client_id}:{credentials.client_secret}"
        answer = self._instance.http.send(
            "POST",
            "https://login.simulated/oauth/token",
            {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
            b"grant_type=client_credentials",
        )
        if not isinstance(answer, Answer) or answer.status != 200:
            raise NotTaken("no token")
        token: str = json.loads(answer.body)["access_token"]
        self._token = token
        return token
