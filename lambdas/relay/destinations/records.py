"""AWS services that accept records: an event bus, a queue, a delivery stream into a data lake.

Each is named by its ARN, from which the stack derives the permission. An item is a record; a
request carries as many as the service accepts at once, and the answer says of each whether it was
accepted. None of them recognises a repetition (except a FIFO queue, for five minutes): after an
unknown outcome `unknown` decides.
"""

from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.kernel.canonical import Json

#: the size of a request. EventBridge and SQS accept 1 MB, Firehose 4 MB
#: (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and so on); with room
#: below it for the largest event of a bus, so that a record fits everywhere
RECORD_BYTES_MAX = 250_000
#: the records per call of PutEvents and SendMessageBatch, and of PutRecordBatch
ENTRIES_MAX, STREAM_RECORDS_MAX = 10, 500

BUS = r"arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+"
QUEUE = r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+(\.fifo)?"
STREAM = r"arn:aws[a-z-]*:firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/[A-Za-z0-9._-]+"


def _arn(form: str, what: str) -> Setting:
    return Setting(f"the ARN of {what}", form=form, is_needed=True)


def with_arn(destination: Destination, section: Section, where: str) -> Destination:
    if destination.confirmation is not None:
        raise ValueError(
            f"{where}.confirmation has no effect, because only Genesys' events confirm requests"
        )
    return replace(destination, path=section["arn"], most_bytes=RECORD_BYTES_MAX)


def _kind(
    service: Service,
    most_records: int,
    item: Mapping[str, Json],
    arn: Setting,
    required: tuple[str, ...] = (),
) -> Kind:
    """The kind of a service, with its name."""
    return Kind(
        name=service,
        path="",
        service=service,
        shape="array",
        settings={"arn": arn},
        items=most_records,
        items_max=most_records,
        base={"id": "id"},
        item=item,
        required=required,
        read_results=any_answer,
        adapt=with_arn,
    )


#: for a record that goes to a queue or a data lake, where it must describe itself
TELLING = {"type": "detail_type", "timestamp": "occurred_at", "data": "body"}
EVENT_BUS = _kind(
    "event-bus",
    ENTRIES_MAX,
    {"source": "'genesys-relay'", "type": "detail_type", "detail": "body"},
    _arn(BUS, "an event bus"),
    required=("source", "type", "detail"),
)
QUEUE_KIND = _kind("queue", ENTRIES_MAX, TELLING, _arn(QUEUE, "a queue"))
FIREHOSE = _kind(
    "firehose",
    STREAM_RECORDS_MAX,
    TELLING,
    _arn(STREAM, "a delivery stream of Amazon Data Firehose"),
)
