"""How a relay stands: read in a few calls, judged by a pure function."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.relay.genesys import pacing
from lambdas.relay.genesys.breaker import Circuit, turned_away_s
from lambdas.relay.genesys.pacing import Window
from lambdas.relay.ledger.shared import key_of
from lambdas.relay.limits import MINUTE_S
from lambdas.relay.moments import iso
from lambdas.relay.requests.states import OVERDUE, REVIEW
from ops.attention import Entry, read_attention
from ops.connection import CLOCK, Line, Relay

#: records listed at most; beyond it the counts say "at least"
LISTED_MAX = 1_000
#: SQS reports an age every minute, CloudWatch shows it a few minutes later
AGE_WINDOW_S = 15 * MINUTE_S
#: a queue whose oldest message waits longer is behind
BEHIND_S = 15 * MINUTE_S


@dataclass(frozen=True, slots=True)
class Depth:
    """Messages of one queue, as SQS estimates them."""

    waiting: int
    #: with a function now, or put off to a later time
    in_flight: int
    delayed: int
    dead: int
    #: None: not reported (the embedded run has no such metric)
    oldest_s: float | None
    dead_oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, not yet judged."""

    depths: Mapping[str, Depth]
    attention: Sequence[Entry]
    #: Genesys' rate window as the writers know it, and what may be used of it
    window: Window
    slots_allowed: int
    #: by destination; one that never failed has no circuit
    circuits: Mapping[str, Circuit]
    now_ms: int

    @property
    def slots_used(self) -> int:
        """Of the window that is running; 0 between two."""
        return self.window.leased if self.now_ms < self.window.ends_at_ms else 0

    def turned_away_s(self, destination: str) -> float:
        """How long a destination is still left alone; 0 where its circuit is closed."""
        return turned_away_s(self.circuits[destination], self.now_ms)


@dataclass(frozen=True, slots=True)
class Standing:
    """A reading and what is wrong with it, a sentence each, with the runbook's section."""

    reading: Reading
    states: Mapping[str, int]
    overdue: int
    review: int
    troubles: Sequence[str]


def read(relay: Relay) -> Reading:
    """Reads queues, index, limiter and breakers."""
    ages = {} if relay.is_embedded else _ages(relay)
    destinations = [name for name in relay.outputs.get("Destinations", "").split(",") if name]
    shared = [pacing.NAME, *(f"breaker#{name}" for name in destinations)]
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
        now_ms=CLOCK.now_ms(),
    )


def judge(reading: Reading) -> Standing:
    """What a reading means."""
    overdue = sum(
        entry.attention == OVERDUE and entry.due_at_s * 1000 <= reading.now_ms
        for entry in reading.attention
    )
    review = sum(entry.attention == REVIEW for entry in reading.attention)
    troubles = []
    dead = {name: depth.dead for name, depth in reading.depths.items() if depth.dead}
    if dead:
        told = ", ".join(f"{count} in {name}-dead" for name, count in dead.items())
        troubles.append(
            f"Dead letters: {told}. See `relay dead-letters list`; runbook: DeadLetters."
        )
    behind = [n for n, d in reading.depths.items() if (d.oldest_s or 0) > BEHIND_S]
    if behind:
        troubles.append(f"Behind: {', '.join(behind)}. Runbook: Backlog.")
    if review:
        troubles.append(
            f"{review} requests wait for a person. See `relay review list`; "
            "runbook: WaitingForPerson."
        )
    if overdue:
        troubles.append(f"{overdue} requests are overdue. Runbook: Overdue.")
    troubles += [
        f"{name} {sentence} Runbook: GenesysFailing."
        for name, circuit in reading.circuits.items()
        if (sentence := _left_alone(circuit, reading.turned_away_s(name)))
    ]
    return Standing(
        reading=reading,
        states=Counter(entry.state for entry in reading.attention),
        overdue=overdue,
        review=review,
        troubles=troubles,
    )


def _left_alone(circuit: Circuit, seconds: float) -> str:
    """What a destination's breaker says, a rest that Genesys asked for included; else """ ""
    if circuit.is_open:
        next_try = f"in {seconds:.0f} s" if seconds else "now"
        since = iso(circuit.opened_at_ms)
        return f"failed too often: left alone since {since}, the next try is due {next_try}."
    return f"asked to be left alone for {seconds:.0f} s more." if seconds else ""


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
