"""IAM between a function and its neighbours: each call is judged by the policies of the function's
role as the stack's template has them, and refused as AWS refuses it.

moto evaluates the policies. Its own enforcement is not enough here: it goes by the name of the API
call, and does not distinguish resources (moto/iam/access_control.py), while AWS checks the actions
and resources below (docs.aws.amazon.com/service-authorization/latest/reference). It stores the
policies of queues, buses and secrets without enforcing them. It enforces those of buckets, but
ignores conditions, and would refuse every request to a bucket that refuses plain HTTP. So those are
read from the template (test_buses.py, test_queues.py, test_storage.py), and a run on AWS will judge
them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.iam.access_control import IAMPolicy, PermissionResult

from tests.stacks.synthesised import Template, readable, resources

#: an action and the resource that it is asked for
Asked = tuple[str, str]

EVENTS = "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>"

ACTIONS: Mapping[str, str] = {
    "BatchExecuteStatement": "dynamodb:PartiQLInsert",
    "BatchGetItem": "dynamodb:BatchGetItem",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "DescribeArchive": "events:DescribeArchive",
    "DescribeEventBus": "events:DescribeEventBus",
    "DescribeReplay": "events:DescribeReplay",
    "DescribeRule": "events:DescribeRule",
    "FilterLogEvents": "logs:FilterLogEvents",
    "GetMetricData": "cloudwatch:GetMetricData",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ListArchives": "events:ListArchives",
    "Scan": "dynamodb:Scan",
    "StartReplay": "events:StartReplay",
    "PutItem": "dynamodb:PutItem",
    "Query": "dynamodb:Query",
    "UpdateItem": "dynamodb:UpdateItem",
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "Publish": "sns:Publish",
    "ChangeMessageVisibility": "sqs:ChangeMessageVisibility",
    "DeleteMessage": "sqs:DeleteMessage",
    "ListMessageMoveTasks": "sqs:ListMessageMoveTasks",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "SendMessageBatch": "sqs:SendMessage",
}
#: what SQS requires on the dead-letter queue when a redrive names a destination
#: (SQS developer guide, dead-letter queue redrive: configuring permissions)
MOVING = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


class Roles:
    """The roles of a template's functions, and its operator's policy. `names` are the resources'
    names in the template, by what a call uses instead: a queue's URL, a table's name, a bucket's, a
    secret's ARN."""

    def __init__(self, template: Template, names: Mapping[str, str]) -> None:
        self._names = names
        self._policies = {
            _verb(name): IAMPolicy(json.dumps(readable(policy["Properties"]["PolicyDocument"])))
            for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            for name, policy in resources(template, kind).items()
        }
        self._verb = ""
        #: what the functions asked for, by function
        self.asked: dict[str, set[Asked]] = {}
        boto3.setup_default_session()
        self.watch(boto3.DEFAULT_SESSION)

    def watch(self, caller: Any) -> None:
        """Judges the calls of a session's future clients."""
        caller.events.register("before-parameter-build", self._judge)

    @contextmanager
    def acting_as(self, verb: str) -> Iterator[None]:
        """Before this, nobody is judged."""
        self._verb = verb
        try:
            yield
        finally:
            self._verb = ""

    def grant(self, verb: str, *statements: Mapping[str, object]) -> None:
        """These and no others."""
        self._policies[verb] = IAMPolicy(json.dumps({"Statement": list(statements)}))

    def may(self, verb: str, action: str, resource: str) -> bool:
        return (
            self._policies[verb].is_action_permitted(action, resource) is PermissionResult.PERMITTED
        )

    def _judge(self, params: Mapping[str, Any], model: Any, context: Any, **_: object) -> None:
        if not self._verb:
            return
        verb, self._verb = self._verb, ""
        try:
            for action, resource in self._asked(model.name, params):
                self.asked.setdefault(verb, set()).add((action, resource))
                if not self.may(verb, action, resource):
                    message = f"{verb} is not authorized to perform {action} on {resource}"
                    refusal = {"Error": {"Code": "AccessDenied", "Message": message}}
                    raise ClientError(refusal, model.name)  # type: ignore[arg-type]
        finally:
            self._verb = verb

    def _asked(self, call: str, params: Mapping[str, Any]) -> Iterator[Asked]:
        if call == "StartMessageMoveTask":
            for action in MOVING:
                yield f"sqs:{action}", self._resource({"SourceArn": params["SourceArn"]})
            yield "sqs:SendMessage", self._resource({"SourceArn": params["DestinationArn"]})
            return
        yield ACTIONS[call], self._resource(params)
        if call == "StartReplay":
            archive = params["EventSourceArn"].rpartition("/")[2]
            yield "events:StartReplay", self._resource({"ArchiveName": archive})
        if call == "GetObject" and not self._is_there(params["Bucket"], params["Key"]):
            # Without it S3 answers 403 for what does not exist
            # (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions).
            yield "s3:ListBucket", self._resource({"Bucket": params["Bucket"]})

    def _is_there(self, bucket: str, key: str) -> bool:
        found = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
        return any(row["Key"] == key for row in found.get("Contents", []))

    def _resource(self, params: Mapping[str, Any]) -> str:
        match params:
            case {"QueueUrl": name} | {"SecretId": name} | {"TopicArn": name}:
                return f"<{self._names[name]}>"
            case {"SourceArn": arn}:
                (url,) = (n for n in self._names if n.endswith(f"/{arn.rpartition(':')[2]}"))
                return f"<{self._names[url]}>"
            case {"TableName": name, "IndexName": index}:
                return f"<{self._names[name]}>/index/{index}"
            case {"TableName": name}:
                return f"<{self._names[name]}>"
            case {"RequestItems": items}:
                (name,) = items
                return f"<{self._names[name]}>"
            case {"Statements": [{"Statement": statement}, *_]}:
                return f"<{self._names[statement.split(chr(34))[1]]}>"
            case {"ReplayName": name}:
                return f"{EVENTS}:replay/{name}"
            case {"ArchiveName": name}:
                return f"{EVENTS}:archive/{name}"
            case {"Name": name, "EventBusName": bus}:
                return f"{EVENTS}:rule/<{self._names[bus]}>/{name}"
            case {"Name": name}:
                return f"{EVENTS}:event-bus/<{self._names[name]}>"
            case {"logGroupName": name}:
                return f"<{self._names[name]}>"
            case {"AlarmNamePrefix": _} | {"MetricDataQueries": _} | {"EventSourceArn": _}:
                return "*"
            case {"Bucket": name, "Key": key}:
                return f"<{self._names[name]}>/{key}"
            case {"Bucket": name}:
                return f"<{self._names[name]}>"
        raise AssertionError(f"nobody said which resource {params} asks for")


def _verb(policy: str) -> str:
    return policy.removesuffix("RoleDefaultPolicy").lower()
