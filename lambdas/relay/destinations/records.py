"""Services of AWS that take records: an event bus, a queue, a delivery stream into a lake.

Each is named by its ARN, from which the stack makes the permission. An item is a record; a request
carries as many as the service takes at once, and tells of each whether it was taken. None of them
knows a repetition (a FIFO queue does, for five minutes): after an unknown outcome `unknown`
decides.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, section_text
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.destinations.results import any_answer

#: what a request may hold. EventBridge takes 1 MB and SQS as much, Firehose four times that
#: (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and so on); below it
#: stays what an event of a bus may be, so that a record fits everywhere
RECORD_BYTES_MAX = 250_000
#: records that PutEvents and SendMessageBatch take at once, and PutRecordBatch
ENTRIES_MAX, STREAM_RECORDS_MAX = 10, 500

BUS = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/[A-Za-z0-9._/-]+")
QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?")
STREAM = re.compile(r"arn:aws[a-z-]*:firehose:[a-z0-9-]+:\d{12}:deliverystream/[A-Za-z0-9._-]+")


def _named(form: re.Pattern[str], what: str) -> Callable[[Destination, Section, str], Destination]:
    def adapt(destination: Destination, section: Section, where: str) -> Destination:
        arn = section_text(section, "arn", where)
        if not form.fullmatch(arn):
            raise ValueError(f"{where}.arn is {arn!r}; expected the ARN of {what}")
        if destination.confirmation is not None:
            raise ValueError(f"{where}.confirmation is of no use: only Genesys' events confirm")
        return replace(destination, path=arn, most_bytes=RECORD_BYTES_MAX)

    return adapt


EVENT_BUS = Kind(
    name="event-bus",
    path="",
    service="event-bus",
    shape="array",
    options=("arn",),
    items=ENTRIES_MAX,
    items_max=ENTRIES_MAX,
    base={"id": "id"},
    item={"source": "'genesys-relay'", "type": "detail_type", "detail": "body"},
    required=("source", "type", "detail"),
    read_results=any_answer,
    adapt=_named(BUS, "an event bus"),
)
QUEUE_KIND = Kind(
    name="queue",
    path="",
    service="queue",
    shape="array",
    options=("arn",),
    items=ENTRIES_MAX,
    items_max=ENTRIES_MAX,
    base={"id": "id"},
    item={"type": "detail_type", "timestamp": "occurred_at", "data": "body"},
    read_results=any_answer,
    adapt=_named(QUEUE, "a queue"),
)
FIREHOSE = Kind(
    name="firehose",
    path="",
    service="firehose",
    shape="array",
    options=("arn",),
    items=STREAM_RECORDS_MAX,
    items_max=STREAM_RECORDS_MAX,
    base={"id": "id"},
    item={"type": "detail_type", "timestamp": "occurred_at", "data": "body"},
    read_results=any_answer,
    adapt=_named(STREAM, "a delivery stream of Amazon Data Firehose"),
)
