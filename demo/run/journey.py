"""`make run SCENARIO=journey`: a shop registers its customers' steps, several times each.

Its connections break after a request was sent, so it sends again, over the relay's bus, over the
webhook, or over both. Genesys Cloud is set up as by a person: a schema, its configuration, and a
route that leads there. In its record every step must occur exactly once.

The webhook is the deployed one: the emulator's API Gateway, the function's own process, the queue.
"""

import http.client
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from demo.run.publishing import publish
from demo.run.scenario import Act, Scenario, Verdict
from demo.run.stage import Genesys, Stage
from demo.run.steps import SENDER, Attempt, attempt_of, attempts
from examples import post_to_webhook, put_business_event
from lambdas.adapters.http import RequestsHttp
from lambdas.relay.destinations.journey import CUSTOMER
from lambdas.relay.kernel.limits import LIVE
from ops import setup_journey
from ops.genesys_probe import Caller, token_of
from simulator.oauth import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

#: the shop's processes; each call of the webhook may occupy a worker of the emulator
PARALLEL = 4
KEY = "the key of the shop, 32 characters or more"
TIMEOUT_S = 120
TOPICS = ["cart.*", "order.*", "parcel.*"]


def set_up(genesys_url: str, wanted: setup_journey.Wanted) -> Sequence[setup_journey.Step]:
    """`relay setup journey --apply`, on a quiet day."""
    control = Genesys(genesys_url)
    conduct = control.get("conduct")
    control.post("conduct", preset="none")
    http = RequestsHttp(LIVE)
    token = token_of(http, genesys_url, CLIENT_ID, CLIENT_SECRET)
    steps = list(setup_journey.set_up(Caller(http, genesys_url, token), wanted, apply=True))
    control.post("conduct", **conduct)
    return steps


def prepare(genesys_url: str) -> str:
    """Makes schema and configuration in the simulated Genesys Cloud; returns TOML for them."""
    wanted = setup_journey.Wanted(SENDER, "Customer steps", ("type", "step", "channel", "phone"))
    ids = {step.what: step.id for step in set_up(genesys_url, wanted)}
    return f"""
[webhook]
requests_per_second = 100
burst = 200

[destinations.steps]
kind = "journey-external-events"
configuration_id = "{ids["configuration"]}"

[destinations.steps.key]
honoured_hours = 24
checked_first = true

[[routes]]
name = "steps"
destination = "steps"
topics = {json.dumps(TOPICS)}

[routes.item]
id = "id"
dateCreated = "occurred_at"
identifiers.externalIds = [
    {{ value = {json.dumps(CUSTOMER)}, externalSourceId = "'{ids["external source"]}'" }},
]
attributes = "merge(body.attributes || body.data, {{type: topic, correlationId: correlation_id}})"
"""


@dataclass(slots=True)
class _Shop:
    """The outside system."""

    stage: Stage
    url: str = field(init=False)
    events: "EventBridgeClient" = field(init=False)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.events = self.stage.aws.client("events")
        stated = urlsplit(self.stage.outputs["WebhookUrl"])
        api_id = str(stated.hostname).split(".")[0]
        # The emulator serves every API under its own address.
        self.url = f"{self.stage.aws.endpoint}/_aws/execute-api/{api_id}/$default/events/{SENDER}"

    def enrol(self) -> None:
        """An operator gives the shop a key, in addition to the first sender's."""
        secrets, name = self.stage.aws.client("secretsmanager"), "WebhookSecretName"
        stored = secrets.get_secret_value(SecretId=self.stage.outputs[name])["SecretString"]
        keys = {**json.loads(stored), SENDER: KEY}
        secrets.put_secret_value(SecretId=self.stage.outputs[name], SecretString=json.dumps(keys))

    def make(self, attempt: Attempt) -> None:
        if attempt.entrance == "bus":
            self._put(attempt)
        elif attempt.connection == "broke":
            self._post_and_hang_up(attempt)
        else:
            tries = post_to_webhook.post(self.url, KEY, attempt.detail)
            self.answers.update({"200": 1, "other": tries - 1})

    def _put(self, attempt: Attempt) -> None:
        """A broken connection after a PutEvents means that the answer is not read."""
        bus = self.stage.outputs["RelayBusName"]
        if "type" not in attempt.detail:
            entry = put_business_event.entry(bus, SENDER, {"type": "cart", **attempt.detail})
            entry["Detail"] = json.dumps(attempt.detail)
            self.events.put_events(Entries=[entry])  # type: ignore[list-item]
        elif attempt.connection == "broke":
            entry = put_business_event.entry(bus, SENDER, attempt.detail)
            self.events.put_events(Entries=[entry])  # type: ignore[list-item]
            self.answers["unread"] += 1
        else:
            put_business_event.put(self.events, bus, SENDER, attempt.detail)

    def _post_and_hang_up(self, attempt: Attempt) -> None:
        body = json.dumps(attempt.detail).encode()
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.netloc), timeout=TIMEOUT_S)
        connection.request("POST", address.path, body, post_to_webhook.headers(self.url, KEY, body))
        connection.close()
        self.answers["unread"] += 1

    def status(self, body: bytes, **changed: str) -> int:
        headers = {**post_to_webhook.headers(self.url, KEY, body), **changed}
        return requests.post(self.url, body, headers=headers, timeout=TIMEOUT_S).status_code


def play(act: Act) -> Verdict:
    """Makes every attempt, waits until all is quiet, and looks up the steps in Genesys."""
    shop = _Shop(act.stage)
    shop.enrol()
    made = [attempt for line in act.lines if (attempt := attempt_of(line)) is not None]
    complaints = list(_refusals(shop))
    with ThreadPoolExecutor(PARALLEL) as pool:
        for count, _ in enumerate(pool.map(shop.make, made), 1):
            act.show.published(count, len(act.lines))
    others = [line for line in act.lines if attempt_of(line) is None]
    publish(others, act.source, act.stage, lambda count: None)
    act.watch.until_quiet(act.show.sight)
    effects = act.stage.genesys.get("record")["effects"]
    registered = [e for e in effects if _is_step(e)]
    complaints += _compare(made, registered)
    entrances = Counter(f"{attempt.entrance}, {attempt.connection}" for attempt in made)
    rows = {
        "steps": len(_expected(made)),
        "attempts": dict(sorted(entrances.items())),
        "webhook_answers": dict(sorted(shop.answers.items())),
        "registered": len(registered),
        "configurations": sorted({effect["scope"] for effect in registered}),
    }
    return Verdict({"journey": rows}, complaints)


def _refusals(shop: _Shop) -> Sequence[str]:
    """How the deployed webhook answers requests that it must refuse."""
    step = {"id": "x", "type": "cart", "createdTime": 1_767_952_800, "data": {}}
    event = json.dumps(step).encode()
    asked = (
        ("a wrong signature", 401, shop.status(event, **{"x-relay-signature": "v1=00"})),
        ("an old signature", 401, shop.status(event, **_signed_at(event, 1_000_000_000))),
        ("no event", 400, shop.status(b'["cart"]')),
        ("too large a body", 413, shop.status(b" " * 300_000)),
    )
    return [
        f"the webhook answered {status} to {what}; it must answer {due}"
        for what, due, status in asked
        if status != due
    ]


def _signed_at(body: bytes, timestamp: int) -> dict[str, str]:
    return {
        "x-relay-timestamp": str(timestamp),
        "x-relay-signature": post_to_webhook.signature(KEY, str(timestamp), SENDER, body),
    }


def _is_step(effect: dict[str, Any]) -> bool:
    return "step" in effect["content"].get("attributes", {})


def _expected(made: Sequence[Attempt]) -> dict[int, tuple[str, str, str, str | None]]:
    """For each step: customer, type, time, process."""
    steps = {}
    for attempt in made:
        detail = attempt.detail
        if "type" in detail:
            said = detail.get("attributes") or detail["data"]
            customer = {**said, **detail.get("identifiers", {})}["customerId"]
            when = detail.get("occurredAt") or detail["createdTime"]
            steps[said["step"]] = (customer, detail["type"], when, detail.get("correlationId"))
    return steps


def _compare(made: Sequence[Attempt], registered: Sequence[dict[str, Any]]) -> list[str]:
    expected = _expected(made)
    times = Counter(effect["content"]["attributes"]["step"] for effect in registered)
    wrong = [
        effect["content"]["attributes"]["step"]
        for effect in registered
        if _told(effect["content"]) != expected.get(effect["content"]["attributes"]["step"])
    ]
    return [
        f"step {step} is registered {times[step]} times at Genesys; it must be there once"
        for step in sorted(expected)
        if times[step] != 1
    ] + [f"step {step} is not registered as it was sent" for step in wrong]


def _told(content: dict[str, Any]) -> tuple[str, str, str, str | None]:
    attributes = content["attributes"]
    customer = content["identifiers"]["externalIds"][0]["value"]
    process = attributes.get("correlationId")
    return customer, attributes["type"], content["dateCreated"], process


SCENARIO = Scenario(lines=attempts, prepare=prepare, play=play)
