"""Sets off the stack's alarms: through their metrics if we can write those, otherwise by setting
their state, which still tests the notification."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.relay.functions.alert import alarm_name
from ops.acceptance.account import Account, Failure
from stacks.function import METRICS_NAMESPACE

#: an alarm of two half-hour periods ends when neither has a bad value; CloudWatch adds some
#: minutes
ENDS_WITHIN_S = 3 * 1_800.0
RINGS_WITHIN_S = 900.0


def found(account: Account) -> Sequence[Any]:
    """The stack's alarms, from CloudWatch."""
    names = [
        made for kind, made in account.relay.resources.values() if kind == "AWS::CloudWatch::Alarm"
    ]
    pages = account.client("cloudwatch").get_paginator("describe_alarms").paginate()
    listed = [alarm for page in pages for alarm in page["MetricAlarms"]]
    return [alarm for alarm in listed if alarm["AlarmName"] in names]


def listen(account: Account) -> None:
    """Subscribes the run to the alarms' topic; the subscription is deleted with the topic."""
    topic = account.relay.output("AlarmTopicArn")
    account.bell.mailbox.admit("sns.amazonaws.com", topic)
    account.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=account.bell.mailbox.arn
    )


def reach_somebody(account: Account) -> str:
    """Sets every alarm's state by hand, and waits until the topic has reported it. Raises Failure
    if it does not."""
    listen(account)
    cloudwatch, names = account.client("cloudwatch"), [a["AlarmName"] for a in found(account)]
    for state in ("ALARM", "OK"):
        for name in names:
            cloudwatch.set_alarm_state(
                AlarmName=name, StateValue=state, StateReason="the acceptance run"
            )
        _require_heard(account, names, state, RINGS_WITHIN_S)
    return f"{len(names)} alarms"


def ring(account: Account) -> str:
    """Writes values that set off each alarm, and waits until it was on and off. Raises Failure."""
    account.bell.heard.clear()
    now, rung, mute = datetime.now(UTC), [], []
    for alarm in found(account):
        bad = list(bad_periods(alarm))
        if not bad:
            mute.append(alarm_name(alarm["AlarmName"]))
            continue
        data = [
            {
                "MetricName": one.metric["MetricName"],
                "Dimensions": one.metric["Dimensions"],
                # CloudWatch accepts values of the past.
                "Timestamp": now - timedelta(seconds=one.ago_s),
                "Value": one.value,
            }
            for one in bad
        ]
        account.client("cloudwatch").put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=data)
        rung.append(alarm["AlarmName"])
    _require_heard(account, rung, "ALARM", RINGS_WITHIN_S)
    _require_heard(account, rung, "OK", ENDS_WITHIN_S)
    return f"{len(rung)} alarms; of AWS's own metrics, and so not rung: {', '.join(sorted(mute))}"


@dataclass(frozen=True, slots=True)
class Bad:
    """A metric's value at a time so many seconds ago."""

    metric: Any
    ago_s: int
    value: float


def bad_periods(alarm: Any) -> Iterator[Bad]:
    """As many bad periods as the alarm requires, for its first metric that we can write; nothing if
    there is none. `alarm` has the form that CloudWatch and CloudFormation share."""
    stats = [row["MetricStat"] for row in alarm.get("Metrics", ()) if "MetricStat" in row]
    if not stats:
        stats = [{"Metric": alarm, "Period": alarm["Period"]}]
    ours = [stat for stat in stats if stat["Metric"]["Namespace"] == METRICS_NAMESPACE]
    if ours:
        for number in range(alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])):
            yield Bad(
                ours[0]["Metric"], number * ours[0]["Period"], max(1.0, float(alarm["Threshold"]))
            )


def _require_heard(account: Account, names: Sequence[str], state: str, within_s: float) -> None:
    def missing() -> list[str]:
        account.bell.look()
        return [name for name in names if (name, state) not in account.bell.heard]

    if not account.until(lambda: not missing(), within_s):
        lacking = ", ".join(alarm_name(name) for name in missing())
        raise Failure(f"The topic was not told within {within_s:.0f} s that {state}: {lacking}.")
