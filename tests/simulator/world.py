"""The simulated Genesys without a socket: virtual time, one logged-in client."""

import base64
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.control import control
from simulator.faults import Conduct
from simulator.messages import Answer, Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from simulator.platform import GenesysPlatform

JOURNEY = f"/api/v2/journey/externalevents/configurations/{CONFIGURATION_ID}/events"
BEGIN = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@dataclass(slots=True)
class Clock:
    now: float

    def __call__(self) -> float:
        return self.now


class World:
    def __init__(self, conduct: Conduct, seed: int = 1, allowed: int = 300) -> None:
        self.clock = Clock(BEGIN)
        self.platform = GenesysPlatform(self.clock, Random(seed), conduct, allowed=allowed)
        self.bearer = ""
        login = self.login(CLIENT_SECRET)
        if login.status == 200:
            self.bearer = f"Bearer {json.loads(login.body)['access_token']}"

    def login(self, secret: str, grant: str = "client_credentials") -> Answer:
        basic = base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        body = f"grant_type={grant}".encode()
        return self.platform.handle(Request("POST", "/oauth/token", {}, headers, body))

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Keyword arguments are headers, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", self.bearer)
        return self.platform.handle(Request(method, path, {}, named, body))

    def post(self, path: str, value: Any, **headers: str) -> Answer:
        return self.call("POST", path, json.dumps(value).encode(), **headers)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def events(self, *ids: str, **headers: str) -> Answer:
        """POST these journey events."""
        return self.post(JOURNEY, {"entities": [event(each) for each in ids]}, **headers)

    def control(self, method: str, name: str, value: Any = None) -> Any:
        """The control API's answer as JSON; its status is 200 or the test fails."""
        answer = self.ask(method, name, value)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def ask(self, method: str, name: str, value: Any = None) -> Answer:
        query = value if method == "GET" and value else {}
        body = json.dumps(value).encode() if method == "POST" and value is not None else b""
        return control(self.platform, Request(method, f"/_sim/{name}", query, {}, body))

    def begin(self, conversation_id: str, *participants: str) -> None:
        """Makes a conversation exist."""
        self.control("POST", "conversations", {"known": {conversation_id: participants}})

    def taken(self) -> list[str]:
        """The ids of the items that took effect, in order."""
        self.platform.settle()
        return [effect.item_id for effect in self.platform.record.effects]


def event(event_id: str, **attributes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "dateCreated": "2026-01-01T00:00:00Z",
        "identifiers": {
            "externalIds": [{"value": "customer-1", "externalSourceId": EXTERNAL_SOURCE_ID}]
        },
        "attributes": attributes,
    }
