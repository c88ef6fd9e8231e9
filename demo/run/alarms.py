"""The stack's alarms, evaluated from actual behaviour: their definitions are read from the deployed
template, their metrics from the functions' own output and from the queues.

The emulator's CloudWatch cannot do this: it has neither the queues' metrics nor ours, ignores
dimensions and has no metric math. So this is a second, small implementation of the same
definitions, without CloudWatch. A run lasts minutes, so time is compressed as elsewhere in a
rehearsal: a minute of an alarm's period, or of a threshold that is an age, is three seconds here.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.run import logs
from demo.run.stage import QUEUES, Stage, StageError
from demo.run.watching import Sight, Watch
from lambdas.relay.functions.alert import alarm_name

ALARM = "AWS::CloudWatch::Alarm"
#: a minute counts as three seconds: short enough for a run, and still longer than the pause between
#: two probes of an open breaker, or an outage would look like silence
COMPRESSION = 20.0
AGE = "ApproximateAgeOfOldestMessage"
DEPTH = "ApproximateNumberOfMessagesVisible"

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}


@dataclass(frozen=True, slots=True)
class Source:
    """A metric: its name, and its owner (a service, or a resource's logical id)."""

    name: str
    whose: str


@dataclass(frozen=True, slots=True)
class Sample:
    source: Source
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Definition:
    """An alarm, as defined in the template. Times are compressed (seconds)."""

    name: str
    description: str
    #: the metric and its statistic, by the id that the expression uses
    metrics: Mapping[str, tuple[Source, str]]
    expression: str
    threshold: float
    period_s: float
    periods: int
    bad: int


@dataclass(slots=True)
class Alarms:
    """All alarms of a stage, and the samples so far."""

    definitions: Sequence[Definition]
    samples: list[Sample] = field(default_factory=list)

    def ringing(self, now: float) -> list[Definition]:
        """Those that are in alarm at this moment."""
        return [alarm for alarm in self.definitions if is_ringing(alarm, self.samples, now)]


def definitions(template: Mapping[str, Any]) -> list[Definition]:
    """Every alarm of a template. Raises StageError for one that cannot be evaluated here."""
    found = [
        _definition(name, resource["Properties"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == ALARM
    ]
    for alarm in found:
        compute(alarm.expression, dict.fromkeys(alarm.metrics))
    return found


def _definition(logical_id: str, said: Mapping[str, Any]) -> Definition:
    name = re.sub(r"^Monitoring|[0-9A-F]{8}$", "", logical_id)
    if "Metrics" in said:
        rows = {row["Id"]: row for row in said["Metrics"]}
        (expression,) = [row["Expression"] for row in rows.values() if row.get("ReturnData", True)]
        stats = {i: row["MetricStat"] for i, row in rows.items() if "MetricStat" in row}
        metrics = {i: (_source(stat["Metric"]), stat["Stat"]) for i, stat in stats.items()}
        period_s = max(stat["Period"] for stat in stats.values())
    else:
        metrics = {"only": (_source(said), said["Statistic"])}
        expression, period_s = "only", said["Period"]
    is_age = all(source.name == AGE for source, _ in metrics.values())
    return Definition(
        name=name,
        description=said["AlarmDescription"],
        metrics=metrics,
        expression=expression,
        threshold=said["Threshold"] / (COMPRESSION if is_age else 1),
        period_s=period_s / COMPRESSION,
        periods=said["EvaluationPeriods"],
        bad=said.get("DatapointsToAlarm", said["EvaluationPeriods"]),
    )


def _source(metric: Mapping[str, Any]) -> Source:
    """A metric's owner: ours name it in `service`, those of AWS in a resource dimension."""
    values = {row["Name"]: row["Value"] for row in metric.get("Dimensions", [])}
    whose = values.get("service") or next(iter(values.values()), "")
    match whose:
        case {"Fn::GetAtt": [name, _]} | {"Ref": name}:
            return Source(metric["MetricName"], str(name))
        case _:
            return Source(metric["MetricName"], str(whose))


def is_ringing(alarm: Definition, samples: Sequence[Sample], now: float) -> bool:
    """Whether enough of its last periods are bad. A period without data is good, as in all our
    alarms (treat missing data as not breaching)."""
    bad = 0
    for number in range(alarm.periods):
        end = now - number * alarm.period_s
        values = {
            name: _statistic(samples, source, statistic, end - alarm.period_s, end)
            for name, (source, statistic) in alarm.metrics.items()
        }
        value = compute(alarm.expression, values)
        bad += value is not None and value >= alarm.threshold
    return bad >= alarm.bad


def _statistic(
    samples: Sequence[Sample], source: Source, statistic: str, start: float, end: float
) -> float | None:
    values = [s.value for s in samples if s.source == source and start < s.at <= end]
    return STATISTICS[statistic](values) if values else None


#: a metric's id, or a function of several
_TERM = r"(\w+|\w+\(\[[\w,]+\]\))"


def compute(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The part of CloudWatch's metric math that our alarms use; None if there is no data."""
    said = expression.replace(" ", "")
    if found := re.fullmatch(rf"IF\({_TERM}=={_TERM},{_TERM},0\)", said):
        left, right, then = (compute(part, values) for part in found.groups())
        if left is None or right is None:
            return None
        return then if left == right else 0.0
    if found := re.fullmatch(r"(SUM|MAX)\(\[([\w,]+)\]\)", said):
        known = [v for name in found[2].split(",") if (v := values[name]) is not None]
        if not known:
            return None
        return sum(known) if found[1] == "SUM" else max(known)
    if said in values:
        return values[said]
    raise StageError(f"An alarm computes {expression}, which a run cannot evaluate.")


class Meter:
    """Measures a stage: each call adds what is new."""

    def __init__(self, stage: Stage, template: Mapping[str, Any]) -> None:
        self.alarms = Alarms(definitions(template))
        self._stage = stage
        self._ids = {
            name: str(output["Value"]["Ref"])
            for name, output in template["Outputs"].items()
            if isinstance(output["Value"], dict) and "Ref" in output["Value"]
        }
        self._groups = logs.groups(stage)
        #: the names that CloudFormation gave the alarms, by ours
        self._names = _physical_names(stage)
        self._ringing: set[str] = set()
        #: every line that the functions wrote, by a unique key
        self._seen: dict[str, str] = {}
        self._busy_since: dict[str, float] = {}

    def measure(self, watch: Watch) -> None:
        """Reads the queues and the functions' new output."""
        sight = watch.look()
        at = watch.began_at + sight.seconds
        self.alarms.samples += self._depths(sight, at)
        for verb, group in self._groups.items():
            for line_id, at_ms, text in logs.lines(self._stage, group):
                if line_id not in self._seen:
                    self._seen[line_id] = text
                    self.alarms.samples += _counted(text)
                    if "Task timed out" in text or "Runtime.ExitError" in text:
                        source = Source("Errors", self._ids[f"{verb}FunctionName"])
                        self.alarms.samples.append(Sample(source, at_ms / 1000, 1))

    def ringing(self) -> set[str]:
        """The alarms that are on now. Changes are recorded in the emulator's CloudWatch, which
        stores states but evaluates nothing, so that `relay status` sees what AWS would show.
        """
        now = {alarm.name for alarm in self.alarms.ringing(time.time())}
        for name in now ^ self._ringing:
            self._stage.aws.client("cloudwatch").set_alarm_state(
                AlarmName=self._names[name],
                StateValue="ALARM" if name in now else "OK",
                StateReason="evaluated by the run",
            )
        self._ringing = now
        return now

    def _depths(self, sight: Sight, at: float) -> Iterator[Sample]:
        for name in QUEUES:
            queue, dead = self._ids[f"{name}QueueUrl"], self._ids[f"{name}DeadQueueUrl"]
            yield Sample(Source(DEPTH, queue), at, sight.queues[name])
            yield Sample(Source(DEPTH, dead), at, sight.dead[name])
            # No message is older than the time since the queue was last seen empty.
            if not sight.queues[name]:
                self._busy_since.pop(name, None)
            since = self._busy_since.setdefault(name, at) if sight.queues[name] else at
            yield Sample(Source(AGE, queue), at, at - since)


def _physical_names(stage: Stage) -> Mapping[str, str]:
    pages = stage.aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
    names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    return {alarm_name(name): name for name in names}


def _counted(line: str) -> Iterator[Sample]:
    """A line's metrics in CloudWatch's embedded metric format; none if it has another format."""
    if '"_aws"' not in line:
        return
    document = json.loads(line)
    at = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            for one in value if isinstance(value, list) else [value]:
                yield Sample(Source(metric["Name"], document["service"]), at, float(one))
