"""alert: says of an alarm what CloudWatch's own message cannot, which knows metrics and no ids.

It reads what `relay status` reads (relay/review/waiting.py). The alarm's own topic does not depend
on it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Clock, Ledger, Notices, Vault
from lambdas.relay.review.waiting import KINDS, Kind, sentence, waiting

#: SNS takes at most 100 characters (API reference, Publish)
SUBJECT_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class Deps:
    """What alert needs."""

    ledger: Ledger
    vault: Vault
    clock: Clock
    notices: Notices


def alert(event: Mapping[str, Any], deps: Deps) -> str:
    """Publishes one message about a "CloudWatch Alarm State Change"; returns its subject. The
    event's shape: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
    cloudwatch-and-eventbridge.html. Raises Transient if it may not have been published."""
    change = event["detail"]
    name, state = alarm_name(change["alarmName"]), change["state"]["value"]
    stack = change["alarmName"].partition("-Monitoring")[0]
    subject = f"{state}: {name} ({stack})"[:SUBJECT_CHARS_MAX]
    lines = [f"{subject} at {event['time']}", change["configuration"].get("description", "")]
    if state == "ALARM":
        lines += [_count(change), *_ids(name, deps)]
    deps.notices.publish(subject, "\n".join(lines))
    return subject


def alarm_name(physical: str) -> str:
    """An alarm's section in the runbook, from the name that CloudFormation gave it:
    `genesys-relay-prod-MonitoringDeadLetters1A2B3C4D-5E6F...`."""
    found = re.search(r"-Monitoring(\w+?)[0-9A-F]{8}(?:-|$)", physical)
    return found[1] if found else physical


def _count(change: Mapping[str, Any]) -> str:
    """The highest of the values that CloudWatch judged. A state that was set by hand has none."""
    judged = json.loads(change["state"].get("reasonData") or "{}").get("recentDatapoints") or []
    metrics = change["configuration"].get("metrics", [])
    label = next((one["label"] for one in metrics if one.get("returnData") and "label" in one), "")
    return f"Count: {max(judged):.0f} {label}".rstrip() if judged else "Count: not reported."


def _ids(name: str, deps: Deps) -> Iterator[str]:
    """For the other alarms the description names the command, or the log, that has the ids."""
    for kind in KINDS:
        if kind.alarm == name:
            yield from _of_kind(kind, deps)


def _of_kind(kind: Kind, deps: Deps) -> Iterator[str]:
    try:
        ids = waiting(kind, deps.ledger, deps.vault, deps.clock.now_ms())
    except Transient:
        yield f"The {kind.noun} that has waited longest could not be read: `relay status` shows it."
    else:
        if ids:
            yield sentence(kind, ids)
