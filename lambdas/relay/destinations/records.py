"""Services of AWS that take records: an event bus, a queue, a delivery stream into a lake.

Each is named by its ARN, from which the stack makes the permission. An item is a record; a request
carries as many as the service takes at once, and tells of each whether it was taken. None of them
knows a repetition (a FIFO queue does, for five minutes): after an unknown outcome `unknown`
decides.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, Service, section_text
from lambdas.relay.destinations.kind import Kind, Section
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.kernel.canonical import Json

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


def _kind(
    service: Service,
    most_records: int,
    item: Mapping[str, Json],
    adapt: Callable[[Destination, Section, str], Destination],
    required: tuple[str, ...] = (),
) -> Kind:
    """A service's kind bears its name."""
    return Kind(
        name=service,
        path="",
        service=service,
        shape="array",
        options=("arn",),
        items=most_records,
        items_max=most_records,
        base={"id": "id"},
        item=item,
        required=required,
        read_results=any_answer,
        adapt=adapt,
    )


#: of a record that goes to a queue or into a lake, where it has to say of itself what it is
TELLING = {"type": "detail_type", "timestamp": "occurred_at", "data": "body"}
EVENT_BUS = _kind(
    "event-bus",
    ENTRIES_MAX,
    {"source": "'genesys-relay'", "type": "detail_type", "detail": "body"},
    _named(BUS, "an event bus"),
    required=("source", "type", "detail"),
)
QUEUE_KIND = _kind("queue", ENTRIES_MAX, TELLING, _named(QUEUE, "a queue"))
FIREHOSE = _kind(
    "firehose",
    STREAM_RECORDS_MAX,
    TELLING,
    _named(STREAM, "a delivery stream of Amazon Data Firehose"),
)
