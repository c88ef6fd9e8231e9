"""What a month costs, from a few quantities: the only model behind `relay cost`, the benchmark and
the tables of README and runbook.

Events come evenly over the office hours. Each poller of intake collects for itself and waits
`linger_s` from the first message on, so a batch holds that one and those that follow in this time:

    batch = 1 + arrivals a second / pollers x linger_s       (at most a request's maximum)

Nearly all other costs are per batch. The sizes of a call, a record and a log line were measured
(benchmarks/deployed.py); Lambda's seconds are computed from the measured CPU at the function's
share of a processor, plus the time spent waiting for answers. Left out: free tiers, traffic, KMS,
storage of the table beyond its claims, faults and retries, NAT gateways.
"""

import math
from dataclasses import dataclass

from lambdas.relay.kernel.lanes import LANE_QUEUES
from lambdas.relay.kernel.limits import (
    BATCH_EVENTS_DEFAULT,
    MESSAGES_PER_INVOCATION,
    QUEUES,
)
from stacks import prices
from stacks.filling import INTAKE_CONCURRENCY, LINGER_DEFAULT_S

#: a month of a contact centre's usual office hours: 22 days of eight hours
OFFICE_HOURS = 176.0
MONTH_S = 30 * 86_400
#: an event as EventBridge bills and archives it, and a claim (KB)
EVENT_KB, CLAIM_KB = 1.0, 0.35
CLAIM_MONTHS = 1.0
#: writes to a batch's record at sealing, opening and settling, and to the index; a tenth of a
#: unit for slots of the rate limit
RECORD_WRITES, INDEX_WRITES, LIMITER_WRITES = 3, 2, 0.1
RECORD_BYTES, LISTED_BYTES = 420, 40
#: SQS calls: a batch is sent, received and deleted in two queues
CALLS_PER_BATCH = 6
#: log bytes: of a batch and of an event, by us; of an invocation, by Lambda
LOG_BATCH, LOG_EVENT, LOG_INVOCATION = 1_200, 20, 420
#: the memory at which a function gets a full vCPU,
#: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_CPU = 1_769
#: four event sources, each with five pollers that wait 20 s for a message,
#: docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
IDLE_POLLS = 4 * 5 * MONTH_S / 20
#: how many of each the stack has, regardless of traffic
ALARM_METRICS, CUSTOM_METRICS, DASHBOARDS, SECRETS = 42, 35, 1, 2


@dataclass(frozen=True, slots=True)
class Function:
    """One function's size, and what an invocation uses."""

    memory_mb: int
    #: CPU per invocation and per event in it, and waiting for answers (s)
    cpu_s: float
    cpu_event_s: float
    waits_s: float

    def gb_s(self, invocations: float, events: float) -> float:
        cpu_s = invocations * self.cpu_s + events * self.cpu_event_s
        seconds = cpu_s * MB_PER_CPU / self.memory_mb + invocations * self.waits_s
        return seconds * self.memory_mb / 1024


INTAKE = Function(512, 0.0010, 0.00020, 0.010)
DEDUP = Function(256, 0.0033, 0.00010, 0.040)
WRITE = Function(256, 0.0030, 0.00007, 0.290)


@dataclass(frozen=True, slots=True)
class Traffic:
    """A month's traffic, and the settings that shape its batches."""

    #: distinct events; each is published once, and a share `copies` of them again
    events: float
    copies: float = 0.2
    linger_s: float = LINGER_DEFAULT_S
    hours: float = OFFICE_HOURS
    pollers: int = INTAKE_CONCURRENCY
    most: int = BATCH_EVENTS_DEFAULT
    archive_days: int = 14

    @property
    def messages(self) -> float:
        return self.events * (1 + self.copies)

    @property
    def per_second(self) -> float:
        return self.messages / (self.hours * 3600)

    @property
    def collected(self) -> float:
        """Messages per invocation of intake."""
        meanwhile = self.per_second / self.pollers * self.linger_s
        return min(1 + meanwhile, MESSAGES_PER_INVOCATION["events"])

    @property
    def batch(self) -> float:
        """Events per sealed batch."""
        return self.collected / math.ceil(self.collected / self.most)

    @property
    def delay_s(self) -> float:
        """How long an event waits for others, on average: a batch's first the whole linger time,
        the others half of it."""
        return self.linger_s * (1 + self.collected) / (2 * self.collected)

    @property
    def batches(self) -> float:
        return self.messages / self.batch


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the bill."""

    name: str
    count: float
    usd: float
    #: whether it is paid regardless of traffic
    is_fixed: bool = False


def bill(traffic: Traffic) -> list[Line]:
    """A month's bill, item by item."""
    return [*by_event(traffic), *_fixed()]


def per_million(traffic: Traffic) -> float:
    """USD per million events, without the fixed costs."""
    return sum(line.usd for line in by_event(traffic)) / traffic.events * 1e6


def by_event(traffic: Traffic) -> list[Line]:
    """The costs that grow with traffic."""
    messages, batches = traffic.messages, traffic.batches
    copies = messages - traffic.events
    intakes = messages / traffic.collected
    record_units = math.ceil((RECORD_BYTES + LISTED_BYTES * traffic.batch) / 1024)
    writes = messages + batches * (RECORD_WRITES * record_units + INDEX_WRITES + LIMITER_WRITES)
    calls = messages + 2 * max(intakes, messages / 10) + CALLS_PER_BATCH * batches
    gb_s = (
        INTAKE.gb_s(intakes, messages)
        + DEDUP.gb_s(batches, messages)
        + WRITE.gb_s(batches, traffic.events)
    )
    invocations = intakes + 2 * batches
    logged = batches * LOG_BATCH + messages * LOG_EVENT + invocations * LOG_INVOCATION
    traces = _traced(intakes, traffic)
    kept_gb = messages * EVENT_KB / 1e6
    in_archive = kept_gb * traffic.archive_days / 30
    claims_gb = traffic.events * CLAIM_KB * CLAIM_MONTHS / 1e6
    return [
        Line("EventBridge, events", messages, messages * prices.EVENTBRIDGE_EVENT),
        Line(
            "EventBridge, archive (GB)",
            kept_gb,
            kept_gb * prices.ARCHIVE_GB + in_archive * prices.ARCHIVE_GB_MONTH,
        ),
        Line("SQS, calls", calls, calls * prices.SQS_REQUEST),
        Line("Lambda, invocations", invocations, invocations * prices.LAMBDA_REQUEST),
        Line("Lambda, GB-seconds", gb_s, gb_s * prices.LAMBDA_GB_SECOND),
        Line("DynamoDB, write units", writes, writes * prices.DYNAMODB_WRITE_UNIT),
        Line("DynamoDB, read units", copies, copies * prices.DYNAMODB_READ_UNIT),
        Line("DynamoDB, stored claims (GB)", claims_gb, claims_gb * prices.DYNAMODB_GB_MONTH),
        Line("S3, PUTs of payloads", batches, batches * prices.S3_PUT),
        Line("X-Ray, traces", traces, traces * prices.XRAY_TRACE),
        Line("CloudWatch, logs (GB)", logged / 1e9, logged / 1e9 * prices.LOGS_GB),
    ]


def _traced(invocations: float, traffic: Traffic) -> float:
    """X-Ray's default rule samples the first request of each second and a twentieth of the others;
    this holds downstream (docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html)."""
    seconds = traffic.hours * 3600
    first = min(invocations, seconds)
    return first + 0.05 * (invocations - first)


def lanes() -> list[Line]:
    """The fixed costs of the lanes' queues, if there are any: alarms on their dead letters and
    ages, and polling."""
    queues = len(LANE_QUEUES)
    polls = IDLE_POLLS * queues / len(QUEUES)
    return [
        Line("CloudWatch, alarms of lanes", 2 * queues, 2 * queues * prices.ALARM, True),
        Line("SQS, idle polling of lanes", polls, polls * prices.SQS_REQUEST, True),
    ]


def _fixed() -> list[Line]:
    return [
        Line("CloudWatch, alarms (by metric)", ALARM_METRICS, ALARM_METRICS * prices.ALARM, True),
        Line("CloudWatch, custom metrics", CUSTOM_METRICS, CUSTOM_METRICS * prices.METRIC, True),
        Line("CloudWatch, dashboard", DASHBOARDS, DASHBOARDS * prices.DASHBOARD, True),
        Line("SQS, idle polling", IDLE_POLLS, IDLE_POLLS * prices.SQS_REQUEST, True),
        Line("Secrets Manager, secrets", SECRETS, SECRETS * prices.SECRET, True),
    ]
