"""Services of AWS that take records: an event bus, a queue, a delivery stream into a lake.

Each is named by its ARN, from which the stack makes the permission. An item is a record; a request
carries as many as the service takes at once, and tells of each whether it was taken. None of them
knows a repetition (a FIFO queue does, for five minutes): after an unknown outcome `unknown`
decides.
"""

from collections.abc import Mapping
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, Service
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.kernel.canonical import Json

#: what a request may hold. EventBridge takes 1 MB and SQS as much, Firehose four times that
#: (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and so on); below it
#: stays what an event of a bus may be, so that a record fits everywhere
RECORD_BYTES_MAX = 250_000
#: records that PutEvents and SendMessageBatch take at once, and PutRecordBatch
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
    """A service's kind bears its name."""
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


#: of a record that goes to a queue or into a lake, where it has to say of itself what it is
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
