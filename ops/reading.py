"""Reads a relay's state, in a few calls; ops/health.py judges it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of
from lambdas.relay.functions.alert import alarm_name
from lambdas.relay.genesys import rate_limiter
from lambdas.relay.genesys.circuit_breaker import Circuit, turned_away_s
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.limits import MINUTE_S
from lambdas.relay.ledger.shared import key_of
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.review.waiting import LISTED_MAX
from ops.attention import Entry, read_attention
from ops.connection import CLOCK, Line, Relay
from ops.review_cases import Quarantined, quarantined

#: SQS reports an age every minute, CloudWatch shows it a few minutes later
AGE_WINDOW_S = 15 * MINUTE_S
#: how far back to look for reconcile's last run
RECONCILED_WINDOW_S = 24 * 3_600
#: and for the last audit, which runs once a day
AUDITED_WINDOW_S = 3 * 24 * 3_600


@dataclass(frozen=True, slots=True)
class Ringing:
    """An alarm that is in the state ALARM."""

    name: str
    since_ms: int
    #: the stack's description: what it means, what to do, and its section of the runbook
    says: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The last complete run of reconcile."""

    at_ms: int
    #: its log line with the results
    result: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Audited:
    """The last complete run of the daily audit: what it compared, and what is missing."""

    at_ms: int
    since_ms: int
    until_ms: int
    missing: int
    missing_conversations: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Messages of one queue, as SQS estimates them."""

    waiting: int
    #: with a function now, or delayed
    in_flight: int
    delayed: int
    dead: int
    #: None: not reported (the local run has no such metric)
    oldest_s: float | None
    dead_oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, not yet judged."""

    depths: Mapping[str, Depth]
    attention: Sequence[Entry]
    #: Genesys' rate window as the writers know it, and how much of it they may use
    window: Window
    slots_allowed: int
    #: by destination; one that has never failed has no circuit
    circuits: Mapping[str, Circuit]
    #: unreadable messages, the oldest first
    quarantine: Sequence[Quarantined]
    alarms: Sequence[Ringing]
    #: None: no complete run was found
    reconciled: Reconciled | None
    #: None: there is none, or no complete run was found
    audited: Audited | None
    #: whether a schedule calls reconcile (the local run calls it itself)
    is_scheduled: bool
    version: str
    now_ms: int

    @property
    def slots_used(self) -> int:
        """Used slots of the current window; 0 between two windows."""
        return self.window.leased if self.now_ms < self.window.ends_at_ms else 0

    def turned_away_s(self, destination: str) -> float:
        """How long no requests go to a destination; 0 if its circuit is closed."""
        return turned_away_s(self.circuits[destination], self.now_ms)


def read(relay: Relay) -> Reading:
    """Reads queues, index, limiter and breakers."""
    ages = {} if relay.is_embedded else _ages(relay)
    destinations = [name for name in relay.outputs.get("Destinations", "").split(",") if name]
    shared = [rate_limiter.NAME, *(f"breaker#{name}" for name in destinations)]
    pace, *breakers = relay.ledger.find([key_of(name) for name in shared])
    return Reading(
        depths={line.name: _depth(relay, line, ages) for line in relay.lines()},
        attention=[
            entry
            for attention in (REVIEW, OVERDUE)
            for entry in read_attention(relay, attention, LISTED_MAX)
        ],
        window=Window.of(pace),
        slots_allowed=int(relay.settings.get("REQUESTS_PER_MINUTE", "0")),
        circuits={
            name: Circuit.of(item)
            for name, item in zip(destinations, breakers, strict=True)
            if item is not None
        },
        quarantine=sorted(quarantined(relay, LISTED_MAX), key=lambda one: one.since_ms),
        alarms=_ringing(relay),
        reconciled=_reconciled(relay),
        audited=_audited(relay),
        is_scheduled=not relay.is_embedded,
        version=relay.version,
        now_ms=CLOCK.now_ms(),
    )


def _depth(relay: Relay, line: Line, ages: Mapping[str, float]) -> Depth:
    def attributes(url: str) -> Mapping[Any, str]:
        answer = relay.sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return answer["Attributes"]

    live, dead = attributes(line.url), attributes(line.dead_url)
    return Depth(
        waiting=int(live["ApproximateNumberOfMessages"]),
        in_flight=int(live["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(live["ApproximateNumberOfMessagesDelayed"]),
        dead=sum(int(value) for value in dead.values()),
        oldest_s=ages.get(line.url),
        dead_oldest_s=ages.get(line.dead_url),
    )


def _ages(relay: Relay) -> Mapping[str, float]:
    """The age of each queue's oldest message, by its URL."""
    urls = [url for line in relay.lines() for url in (line.url, line.dead_url)]
    now = datetime.fromtimestamp(CLOCK.now_ms() / 1000, UTC)
    answer = relay.cloudwatch.get_metric_data(
        StartTime=now - timedelta(seconds=AGE_WINDOW_S),
        EndTime=now,
        ScanBy="TimestampDescending",
        MetricDataQueries=[
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SQS",
                        "MetricName": "ApproximateAgeOfOldestMessage",
                        "Dimensions": [{"Name": "QueueName", "Value": url.rsplit("/", 1)[-1]}],
                    },
                    "Period": MINUTE_S,
                    "Stat": "Maximum",
                },
            }
            for number, url in enumerate(urls)
        ],
    )
    values = {row["Id"]: row["Values"] for row in answer["MetricDataResults"]}
    return {
        url: found[0] for number, url in enumerate(urls) if (found := values.get(f"q{number}", []))
    }


def _ringing(relay: Relay) -> list[Ringing]:
    """Every alarm of the stack that is in ALARM, from CloudWatch. The prefix includes the
    construct's id, so that `prod` does not match the alarms of `prod-eu`."""
    pages = relay.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{relay.stack}-Monitoring", StateValue="ALARM"
    )
    return [
        Ringing(
            name=alarm_name(alarm["AlarmName"]),
            since_ms=int(alarm["StateUpdatedTimestamp"].timestamp() * 1000),
            says=alarm.get("AlarmDescription", ""),
        )
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm["StateValue"] == "ALARM"
    ]


def _reconciled(relay: Relay) -> Reconciled | None:
    """The results in reconcile's log of its last complete run."""
    last = _last(relay, "Reconcile", "reconciled", RECONCILED_WINDOW_S)
    if last is None:
        return None
    at_ms, result = last
    return Reconciled(at_ms, {n: value for n, value in result.items() if type(value) is int})


def _audited(relay: Relay) -> Audited | None:
    """The results in audit's log of its last complete run."""
    if "AuditFunctionName" not in relay.outputs:
        return None
    last = _last(relay, "Audit", "audited", AUDITED_WINDOW_S)
    if last is None:
        return None
    at_ms, said = last
    counts = ("since_ms", "until_ms", "missing", "missing_conversations")
    return Audited(at_ms, *(int(said.get(name, 0)) for name in counts))


def _last(
    relay: Relay, verb: str, message: str, within_s: int
) -> tuple[int, Mapping[str, Any]] | None:
    """When a function last logged this message, and what it contained."""
    try:
        pages = relay.logs.get_paginator("filter_log_events").paginate(
            logGroupName=relay.log_group(verb),
            startTime=CLOCK.now_ms() - within_s * 1000,
            filterPattern=f'"{message}"',
        )
        lines = [event for page in pages for event in page["events"]]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None  # a function that has never run has no log
        raise
    found = [
        (int(line["timestamp"]), said)
        for line in lines
        if (said := _said(line["message"])).get("message") == message
    ]
    return max(found, key=lambda one: one[0], default=None)


def _said(line: str) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
