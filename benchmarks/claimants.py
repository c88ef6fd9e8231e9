"""The usual alternatives for recognising copies of an event: Powertools, and a conditional put.

Both as documented, on the same AWS in the same process: one SQS message is one event.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
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

from benchmarks.sandbox import Context, Event, Used, records, sandbox
from lambdas.relay.kernel.limits import CLAIM_TTL_S


def powertools() -> Callable[[Sequence[Event]], None]:
    """docs.aws.amazon.com/powertools/python/latest/utilities/idempotency, "Batch integration": the
    batch processor around an idempotent function, the event's own id as the key."""
    session = sandbox().session
    layer = DynamoDBPersistenceLayer(table_name="idempotency", boto3_session=session)
    config = IdempotencyConfig(
        event_key_jmespath="powertools_json(body).detail.id", expires_after_seconds=CLAIM_TTL_S
    )
    processor = BatchProcessor(event_type=EventType.SQS)

    @idempotent_function(data_keyword_argument="record", config=config, persistence_store=layer)  # type: ignore[untyped-decorator]
    def handle(record: SQSRecord) -> str:
        return "done"

    def run(taken: Sequence[Event]) -> None:
        context: Any = Context()
        config.register_lambda_context(context)
        process_partial_response(
            event={"Records": list(taken)},
            record_handler=lambda record: handle(record=record),
            processor=processor,
            context=context,
        )

    return run


def puts() -> Callable[[Sequence[Event]], None]:
    """A conditional put for each event, one after another."""
    client = sandbox().session.client("dynamodb")

    def run(taken: Sequence[Event]) -> None:
        for record in taken:
            detail = json.loads(record["body"])["detail"]
            client.put_item(
                TableName="claims",
                Item={
                    "id": {"S": detail["id"]},
                    "expires_at": {"N": str(int(time.time()) + CLAIM_TTL_S)},
                },
                ConditionExpression="attribute_not_exists(id)",
            )

    return run


def used_by(run: Callable[[Sequence[Event]], None], size: int) -> Used:
    """The resources that an invocation with `size` new events uses."""
    here = sandbox()
    return here.measured(partial(run, records(here.envelopes(size))), size)
