"""One process as Lambda's sandbox: the handlers, the adapters and the SDK as deployed.

Answers for AWS are made in the process (wire.py), those of Genesys by the simulator's core. The CPU
for these answers is not counted.
"""

import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import boto3

from benchmarks.wire import Aws
from lambdas import dedup, intake, wiring, write
from lambdas.relay.kernel.limits import RECEIVES_MAX
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.kernel.time_format import iso
from simulator.faults import NONE
from simulator.messages import Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from simulator.platform import GenesysPlatform
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve

REGION = "eu-central-1"
#: README's shortest environment: business events become steps of customers' journeys
CONFIGURATION = {
    "destinations": {
        "journey": {
            "kind": "journey-external-events",
            "configuration_id": CONFIGURATION_ID,
            "external_source_id": EXTERNAL_SOURCE_ID,
        }
    },
    "routes": [{"name": "steps", "destination": "journey", "topics": ["order.*"]}],
}
HANDLERS = {"intake": intake.handler, "dedup": dedup.handler, "write": write.handler}

Event = dict[str, Any]


class Context:
    """The part of Lambda's context object that is used."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Genesys:
    """Implements relay.kernel.ports.Http. It has no other users, and its limit is never reached:
    the cost of waiting is measured in virtual time."""

    def __init__(self) -> None:
        self._platform = GenesysPlatform(time.monotonic, Random(1), NONE)
        self._platform.limiter.allowed = 1_000_000
        self.answering_s = 0.0

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        began = time.process_time()
        said = self._platform.handle(Request(method, urlsplit(url).path, {}, headers, body or b""))
        self.answering_s += time.process_time() - began
        return Answer(said.status, said.headers, said.body)


@dataclass(frozen=True, slots=True)
class Used:
    """What some invocations used."""

    events: int
    cpu_s: float
    calls: int
    write_units: int
    read_units: float
    logged_bytes: int

    @property
    def cpu_us(self) -> float:
        """Per event (µs)."""
        return self.cpu_s / self.events * 1e6


class Sandbox:
    """The functions of this process, over one AWS."""

    def __init__(self) -> None:
        secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        self.aws, self.genesys = Aws(json.dumps(secret)), Genesys()
        self._numbers = iter(range(10**9))
        #: Powertools keeps the stream that it saw first
        self._logged = io.StringIO()
        os.environ.update(_variables())
        #: the session that boto3.client uses
        self.session = boto3.DEFAULT_SESSION = boto3.Session()
        self.aws.attach(self.session)
        root = Path(tempfile.mkdtemp(prefix="relay-benchmark-"))
        self.configuration = json.dumps(resolve(parse(CONFIGURATION)))
        (root / "configuration.json").write_text(self.configuration, "utf-8")
        wiring.ROOT = root
        wiring.settings.cache_clear()
        wiring.ports.cache_clear()
        vars(wiring.ports())["http"] = self.genesys

    def envelopes(self, count: int) -> list[str]:
        return [_envelope(next(self._numbers)) for _ in range(count)]

    def through(self, verb: str, records: Sequence[Event], events: int) -> Used:
        """One invocation."""
        handler, event, context = HANDLERS[verb], {"Records": list(records)}, Context()

        def invoke() -> None:
            answer = handler(event, context)
            if answer["batchItemFailures"]:
                raise RuntimeError(f"{verb} kept messages: {self._logged.getvalue()}")

        return self.measured(invoke, events)

    def measured(self, invoke: Callable[[], None], events: int) -> Used:
        """What it uses, without what answering it uses."""
        aws, logged = self.aws, self._logged
        aws.reset()
        self.genesys.answering_s = 0.0
        logged.seek(0)
        logged.truncate()
        with redirect_stdout(logged):
            began = time.process_time()
            invoke()
            took = time.process_time() - began
        return Used(
            events,
            took - aws.answering_s - self.genesys.answering_s,
            aws.calls.total(),
            aws.write_units,
            aws.read_units,
            len(logged.getvalue()),
        )

    def way(self, size: int) -> dict[str, Used]:
        """`size` new events from the events queue to Genesys, as one batch."""
        used = {"intake": self.through("intake", records(self.envelopes(size)), size)}
        for verb, queue in (("dedup", "batches"), ("write", "writes")):
            used[verb] = self.through(verb, sent(self.aws.sent[queue]), size)
        return used


@cache
def sandbox() -> Sandbox:
    """One per process, since the functions keep their clients."""
    return Sandbox()


def records(bodies: Sequence[str]) -> list[Event]:
    """Messages as Lambda delivers them, received for the first time."""
    return [_record(number, body, {}) for number, body in enumerate(bodies)]


def sent(entries: Sequence[Event]) -> list[Event]:
    """Sent messages, as they are received."""
    return [
        _record(number, entry["MessageBody"], entry.get("MessageAttributes", {}))
        for number, entry in enumerate(entries)
    ]


def _record(number: int, body: str, attributes: Mapping[str, Any]) -> Event:
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012d}",
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(time.time_ns() // 1_000_000),
            "SenderId": "AIDA",
        },
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": "String"}
            for name, value in attributes.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:queue",
        "awsRegion": REGION,
    }


def _envelope(number: int) -> str:
    """A business event on the relay's bus, as delivered by EventBridge."""
    now_ms = time.time_ns() // 1_000_000
    at = iso(now_ms)
    return json.dumps(
        {
            "version": "0",
            "id": str(UUID(int=number + (4 << 76), version=4)),
            "detail-type": "order.shipped",
            "source": "shop",
            "account": "123456789012",
            "time": at[:19] + "Z",
            "region": REGION,
            "resources": [],
            "detail": {
                "id": f"order-{number:08d}-shipped",
                "type": "order.shipped",
                "occurredAt": at,
                "correlationId": f"process-{number:08d}",
                "identifiers": {"customerId": f"customer-{number % 100_000:06d}"},
                "attributes": {
                    "order": f"A-{number:08d}",
                    "carrier": "DHL",
                    "parcels": 2,
                    "total": "129.90",
                    "currency": "EUR",
                    "express": False,
                },
            },
        }
    )


def _variables() -> dict[str, str]:
    """As the stack sets them."""
    address = f"https://sqs.{REGION}.amazonaws.com/123456789012"
    queues: dict[str, str] = {}
    for name, receives_max in RECEIVES_MAX.items():
        queues[f"{name.upper()}_QUEUE_URL"] = f"{address}/{name}"
        queues[f"{name.upper()}_DEAD_QUEUE_URL"] = f"{address}/{name}-dead"
        queues[f"{name.upper()}_RECEIVES_MAX"] = str(receives_max)
    return {
        **queues,
        "RELAY_ENVIRONMENT": "benchmark",
        "TIMING": "live",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "GenesysRelay",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "LEDGER_TABLE": "ledger",
        "VAULT_BUCKET": "vault",
        "GENESYS_SECRET_ID": "secret",
        "PERSONAL_KEY_ID": "personal key",
        "GENESYS_API_URL": "https://api.simulated",
        "GENESYS_LOGIN_URL": "https://login.simulated",
        "REQUESTS_PER_MINUTE": "300",
        "HEADROOM": "0",
        # As Lambda sets them.
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }
