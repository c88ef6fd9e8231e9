"""Drift: compares what is deployed with its template.

CloudFormation's own detection takes minutes and covers only part of this; this checks what lets
events pass, in a few calls, on AWS and in the local run alike.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of
from ops.connection import Relay

Properties = Mapping[str, Any]
#: reads a resource, as the properties of its template; raises ClientError
Reader = Callable[[Relay, str, Properties], Properties]

#: CDK ends a logical id with eight hexadecimal digits
HASH = re.compile(r"[0-9A-F]{8}$")
GONE = re.compile(r"NotFound|NonExistentQueue|DoesNotExist|NoSuch")
#: properties that a template leaves out
DEFAULTS = {"State": "ENABLED", "ActionsEnabled": True, "DelaySeconds": 0}


class _Unknown:
    """A reference that only AWS can resolve: equal to anything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


UNKNOWN = _Unknown()


class Deployed:
    """A stack's template, with its references resolved to the stack's resources."""

    def __init__(self, relay: Relay) -> None:
        template: Any = relay.client("cloudformation").get_template(
            StackName=relay.stack, TemplateStage="Original"
        )["TemplateBody"]
        self._template = json.loads(template) if isinstance(template, str) else template
        self._made = {logical: made for logical, (_, made) in relay.resources.items()}
        identity = str(relay.described["StackId"])
        _, partition, _, region, account, _ = identity.split(":", 5)
        self._arn = f"arn:{partition}:{{}}:{region}:{account}:{{}}"
        self._known = {
            "AWS::StackId": identity,
            "AWS::StackName": relay.stack,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
        }

    def of(self, kind: str) -> Iterator[tuple[str, str, Properties]]:
        """Logical id, physical id ("" if there is none) and properties of each resource."""
        for logical, resource in self._template["Resources"].items():
            if resource["Type"] == kind:
                properties = self._resolved(resource.get("Properties", {}))
                yield logical, self._made.get(logical, ""), properties

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": str() as name}:
                return self._known.get(name) or self._made.get(name, UNKNOWN)
            case {"Fn::GetAtt": [str() as name, str() as attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [str() as separator, list() as parts]}:
                resolved = [self._resolved(part) for part in parts]
                return UNKNOWN if UNKNOWN in resolved else separator.join(resolved)
            case {"Fn::Select": [place, {"Fn::Split": [str() as separator, text]}]}:
                return self._resolved(text).split(separator)[int(place)]
            case dict():
                return {name: self._resolved(inner) for name, inner in value.items()}
            case list():
                return [self._resolved(inner) for inner in value]
            case _:
                return value

    def _attribute(self, name: str, attribute: str) -> Any:
        kind, made = self._template["Resources"][name]["Type"], self._made.get(name, "")
        match kind, attribute:
            case "AWS::SQS::Queue", "Arn":
                return self._arn.format("sqs", made.rpartition("/")[2])
            case "AWS::Lambda::Function", "Arn":
                return self._arn.format("lambda", f"function:{made}")
            case _:
                return UNKNOWN


def differences(relay: Relay) -> Iterator[str]:
    """What was changed since the last deploy, one clause each."""
    deployed = Deployed(relay)
    for kind, read in READERS.items():
        for logical, physical, wanted in deployed.of(kind):
            name = HASH.sub("", logical)
            try:
                found = read(relay, physical, wanted) if physical else None
            except ClientError as error:
                if not GONE.search(code_of(error)):
                    raise
                found = None
            if found is None:
                yield f"{name} is gone"
                continue
            for key, value in found.items():
                meant = wanted.get(key, DEFAULTS.get(key))
                for where, was, now in _apart(key, meant, value):
                    yield f"{name}: {where} is {_shown(now)}; it was deployed as {_shown(was)}"


def _apart(key: str, meant: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """The members that differ: path, intended value and found value."""
    match meant, found:
        case (dict(), dict()):
            for member in sorted(meant.keys() | found.keys()):
                yield from _apart(f"{key}.{member}", meant.get(member), found.get(member))
        case _ if not _same(meant, found):
            yield key, meant, found


def _same(meant: Any, found: Any) -> bool:
    """Whether both mean the same in AWS's notations: numbers as text, a single item without a
    list, lists of statements in any order."""
    match meant, found:
        case (dict(), dict()):
            keys = meant.keys() | found.keys()
            return all(_same(meant.get(key), found.get(key)) for key in keys)
        case (list(), list()):
            rest = list(found)
            for one in meant:
                place = next((i for i, other in enumerate(rest) if _same(one, other)), None)
                if place is None:
                    return False
                del rest[place]
            return not rest
        case (list(), _):
            return _same(meant, [found])
        case (_, list()):
            return _same([meant], found)
        case ({"AWS": "*"}, "*") | ("*", {"AWS": "*"}):
            return True
        case (bool() | int() | float(), str()) | (str(), bool() | int() | float()):
            return str(meant).lower() == str(found).lower()
        case _:
            return bool(meant == found)


def _shown(value: Any) -> str:
    if value in (None, "", {}, []):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, default=lambda _: "...")
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}..."


#: a policy is long, and only the fact that it differs matters
SHOWN_CHARS_MAX = 60


def _queue(relay: Relay, url: str, _wanted: Properties) -> Properties:
    attributes: Any = relay.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    found = attributes["Attributes"]
    return {
        "VisibilityTimeout": found.get("VisibilityTimeout"),
        "MessageRetentionPeriod": found.get("MessageRetentionPeriod"),
        "RedrivePolicy": _read(found.get("RedrivePolicy")),
        "RedriveAllowPolicy": _read(found.get("RedriveAllowPolicy")),
        "DelaySeconds": found.get("DelaySeconds"),
    }


def _queue_policy(relay: Relay, _physical: str, wanted: Properties) -> Properties:
    (url,) = wanted["Queues"]
    attributes: Any = relay.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    document = _read(attributes.get("Attributes", {}).get("Policy"))
    return {"PolicyDocument": document}


def _rule(relay: Relay, physical: str, wanted: Properties) -> Properties:
    name = wanted.get("Name") or physical.rpartition("|")[2]
    on = {"EventBusName": wanted["EventBusName"]} if "EventBusName" in wanted else {}
    rule: Any = relay.events.describe_rule(Name=name, **on)
    targets: Any = relay.events.list_targets_by_rule(Rule=name, **on)["Targets"]
    return {
        "State": rule.get("State"),
        "EventPattern": _read(rule.get("EventPattern")),
        "ScheduleExpression": rule.get("ScheduleExpression") or None,
        "Targets": targets,
    }


def _trigger(relay: Relay, physical: str, _wanted: Properties) -> Properties:
    found: Any = relay.functions.get_event_source_mapping(UUID=physical)
    return {
        "State": "ENABLED" if found["State"] in ("Enabled", "Creating", "Enabling") else "DISABLED",
        **{
            key: found.get(key)
            for key in (
                "BatchSize",
                "EventSourceArn",
                "MaximumBatchingWindowInSeconds",
                "ScalingConfig",
                "FunctionResponseTypes",
            )
        },
    }


def _table(relay: Relay, name: str, _wanted: Properties) -> Properties:
    live: Any = relay.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups: Any = relay.dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    table: Any = relay.dynamodb.describe_table(TableName=name)["Table"]
    return {
        "TimeToLiveSpecification": {
            "AttributeName": live.get("AttributeName"),
            "Enabled": live.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
        },
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        },
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
    }


def _alarm(relay: Relay, name: str, _wanted: Properties) -> Properties:
    found: Any = relay.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        missing: Any = {"Error": {"Code": "ResourceNotFound", "Message": name}}
        raise ClientError(missing, "DescribeAlarms")
    return {
        key: found[0].get(key)
        for key in (
            "ActionsEnabled",
            "AlarmActions",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "EvaluationPeriods",
            "Threshold",
            "TreatMissingData",
        )
    }


def _read(text: str | None) -> Any:
    return json.loads(text) if text else None


READERS: Mapping[str, Reader] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Events::Rule": _rule,
    "AWS::Lambda::EventSourceMapping": _trigger,
    "AWS::DynamoDB::Table": _table,
    "AWS::CloudWatch::Alarm": _alarm,
}
