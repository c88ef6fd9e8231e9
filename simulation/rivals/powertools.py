"""AWS Lambda Powertools, the real library: idempotency per record, batch utility around it.

Its DynamoDB layer talks to `FakeDynamo`, which keeps the items in the simulated ledger's world,
with the ledger's faults. Its clock is made ours for the run: Powertools reads `datetime.now`.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.persistence import base, datarecord, dynamodb
from botocore.exceptions import ClientError

from lambdas.relay.kernel.limits import CLAIM_TTL_S
from lambdas.relay.kernel.ports import Delivery
from simulation.functions import Function, Instance
from simulation.memory.timeline import Timeline
from simulation.rivals.client import PlainClient, read

Wire = dict[str, Any]


class _Exceptions:
    ConditionalCheckFailedException = ClientError


class FakeDynamo:
    """The four calls that Powertools makes, over one dict of items as DynamoDB writes them."""

    exceptions = _Exceptions

    def __init__(self, instance: Instance) -> None:
        self._gate = instance.neighbours.gate
        self._faults = instance.neighbours.faults
        self._items: dict[tuple[str, str], Any] = instance.neighbours.table.items

    def put_item(self, **call: Any) -> Wire:
        """With Powertools' one condition: absent, expired, or in progress and past its lease."""
        item = call["Item"]
        key = _key(item)
        values = call["ExpressionAttributeValues"]
        now_s, now_ms = int(values[":now"]["N"]), int(values[":now_in_millis"]["N"])

        def put() -> None:
            standing = self._items.get(key)
            if standing is not None and not _may_replace(standing, now_s, now_ms):
                raise _refused(standing)
            self._items[key] = item

        self._write("PutItem", put)
        return {}

    def update_item(self, **call: Any) -> Wire:
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        changes = {
            names[f"#{part}"]: value
            for part, value in ((name.removeprefix(":"), value) for name, value in values.items())
            if f"#{part}" in names
        }
        key = _key(call["Key"])

        def update() -> None:
            self._items[key] = {**self._items.get(key, call["Key"]), **changes}

        self._write("UpdateItem", update)
        return {}

    def delete_item(self, **call: Any) -> Wire:
        self._write("DeleteItem", lambda: self._items.pop(_key(call["Key"]), None))
        return {}

    def get_item(self, **call: Any) -> Wire:
        self._gate.step("dynamo.get_item")
        item = self._items.get(_key(call["Key"]))
        return {"Item": item} if item is not None else {}

    def _write(self, name: str, apply: Any) -> None:
        self._gate.step(f"dynamo.{name}")
        if self._faults.strikes("ledger throttled"):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, name)
        apply()
        if self._faults.strikes("ledger met itself"):
            apply()
        if self._faults.strikes("ledger answer lost"):
            raise ClientError({"Error": {"Code": "RequestTimeout"}}, name)
        self._gate.step(f"dynamo.{name} answered")


def _key(item: Wire) -> tuple[str, str]:
    return item["id"]["S"], "P"


def _may_replace(standing: Wire, now_s: int, now_ms: int) -> bool:
    if int(standing.get("expiration", {"N": "0"})["N"]) < now_s:
        return True
    lease = standing.get("in_progress_expiration")
    in_progress = standing.get("status", {}).get("S") == "INPROGRESS"
    return in_progress and lease is not None and int(lease["N"]) < now_ms


def _refused(item: Wire) -> ClientError:
    error = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}
    return ClientError(error, "PutItem")  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Context:
    """What Powertools asks of Lambda's context."""

    timeline: Timeline
    until_ms: int
    function_name: str = "process"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.until_ms - self.timeline.now_ms)


def powertools(instance: Instance) -> Function:
    """Each record through an idempotent function, keyed by what the event says."""
    n = instance.neighbours
    store = DynamoDBPersistenceLayer(
        table_name="idempotency",
        boto3_client=FakeDynamo(instance),  # type: ignore[arg-type]
    )
    client = PlainClient(instance)
    timeout_ms = n.settings.timing.function_timeout_s["intake"] * 1000

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        config = IdempotencyConfig(expires_after_seconds=CLAIM_TTL_S)
        context: Any = _Context(n.timeline, n.timeline.now_ms + timeout_ms)
        config.register_lambda_context(context)

        @idempotent_function(data_keyword_argument="key", config=config, persistence_store=store)  # type: ignore[untyped-decorator]
        def process(*, key: str, item: Mapping[str, Any]) -> str:
            client.post([dict(item)], key)
            return "done"

        def handle(record: SQSRecord) -> None:
            told = read(record.body)
            if told is not None:
                process(key=told.identity, item=told.item)

        answer = process_partial_response(
            event={"Records": [_record(delivery) for delivery in deliveries]},
            record_handler=handle,
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
            context=context,
        )
        return [str(row["itemIdentifier"]) for row in answer["batchItemFailures"]]

    return run


def _record(delivery: Delivery) -> Wire:
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": {"ApproximateReceiveCount": str(delivery.receives)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }


class _OurTime:
    """Replaces the module `datetime` in Powertools."""

    def __init__(self, timeline: Timeline) -> None:
        class Moment(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> "Moment":
                return cls.fromtimestamp(timeline.now_ms / 1000, tz)

        self.datetime = Moment
        self.timedelta = datetime.timedelta


@contextmanager
def on_our_clock(timeline: Timeline) -> Iterator[None]:
    """Gives Powertools virtual time for a run."""
    places: tuple[Any, ...] = (base, datarecord, dynamodb)
    for place in places:
        place.dt = _OurTime(timeline)
    try:
        yield
    finally:
        for place in places:
            place.dt = datetime
