"""The stack's own template, as far as a function sees it: its variables, and what they name."""

import importlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from emulator.process import REGION
from lambdas.relay.entrances.proofs import signature
from lambdas.relay.kernel.lanes import title
from tests.contract.worlds import create_ledger_table
from tests.handlers.roles import Roles
from tests.stacks.synthesised import Template, readable, resources

#: those that a queue or a schedule invokes
VERBS = ("intake", "dedup", "write", "confirm", "reconcile", "audit")

NAME = re.compile(r"<(\w+)>")

HERE: Any = {"LocationConstraint": REGION}

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


class Context:
    """The part of Lambda's context object that is used."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Deployment:
    """Queues, table, bucket and secret in moto, named as the template names them."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._sqs = boto3.client("sqs", region_name=REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.s3 = boto3.client("s3", region_name=REGION)
        self._names: dict[str, str] = {}
        for name in resources(template, "AWS::SQS::Queue"):
            self._names[name] = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        for name in resources(template, "AWS::DynamoDB::Table"):
            create_ledger_table(self.dynamodb, name)
            self._names[name] = name
        for name in resources(template, "AWS::S3::Bucket"):
            self._names[name] = name.lower()
            self.s3.create_bucket(Bucket=name.lower(), CreateBucketConfiguration=HERE)
        for name in resources(template, "AWS::SecretsManager::Secret"):
            secret = json.dumps({"client_id": "id", "client_secret": "secret"})
            client = boto3.client("secretsmanager", region_name=REGION)
            self._names[name] = client.create_secret(Name=name, SecretString=secret)["ARN"]
        for name in resources(template, "AWS::SNS::Topic"):
            client = boto3.client("sns", region_name=REGION)
            self._names[name] = client.create_topic(Name=name)["TopicArn"]
        self.roles = Roles(template, {name: logical for logical, name in self._names.items()})

    def variables(self, verb: str) -> dict[str, str]:
        """What Lambda puts into the function's environment."""
        for function in resources(self._template, "AWS::Lambda::Function").values():
            properties = function["Properties"]
            if properties["Handler"] == f"lambdas.{verb}.handler":
                given = properties["Environment"]["Variables"]
                return {name: self._resolved(value) for name, value in given.items()}
        raise AssertionError(f"the stack has no function {verb}")

    def _resolved(self, value: Any) -> str:
        return NAME.sub(lambda found: self._names[found[1]], str(readable(value)))

    # Queues, by the names that people use

    def url(self, queue: str) -> str:
        kind = "Dead" if queue.endswith("-dead") else "Queue"
        return self._names[f"Queues{title(queue.removesuffix('-dead'))}{kind}"]

    def send(self, queue: str, *bodies: str, attributes: Mapping[str, str] | None = None) -> None:
        for body in bodies:
            self._sqs.send_message(
                QueueUrl=self.url(queue),
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (attributes or {}).items()
                },
            )

    def redrive_to_source(self, queue: str) -> None:
        """What the console does if its form is left as it is."""
        arn = self._sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        self._sqs.start_message_move_task(SourceArn=arn)

    def bodies(self, queue: str) -> list[str]:
        return [record["body"] for record in self.event(queue)["Records"]]

    def waiting(self, queue: str) -> int:
        """How many messages a queue has, including delayed ones."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=["All"]
        )["Attributes"]
        return sum(int(v) for n, v in attributes.items() if n.startswith("ApproximateNumber"))

    def event(self, queue: str) -> dict[str, Any]:
        """Everything in a queue, as its event source hands it to a function
        (docs.aws.amazon.com/lambda/latest/dg/with-sqs.html)."""
        messages: list[Any] = []
        while found := self._sqs.receive_message(
            QueueUrl=self.url(queue),
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", []):
            messages += found
        return {"Records": [_record(message, self.url(queue)) for message in messages]}

    def lose(self, queue: str) -> None:
        """Nothing can be sent there any more."""
        self._sqs.delete_queue(QueueUrl=self.url(queue))

    def quarantined(self) -> list[dict[str, Any]]:
        return self._documents("quarantine/")

    def reviewed(self) -> list[dict[str, Any]]:
        return self._documents("review/")

    def _documents(self, prefix: str) -> list[dict[str, Any]]:
        bucket = self._names["VaultBucket"]
        rows = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [
            json.loads(self.s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read())
            for row in rows
        ]


def posted(body: str, *, sender: str, key: str, at_s: int) -> dict[str, Any]:
    """A signed request as API Gateway hands it to the webhook's function (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "POST /events/{sender}",
        "pathParameters": {"sender": sender},
        "headers": {
            "X-Relay-Timestamp": str(at_s),
            "x-relay-signature": signature(key, str(at_s), sender, body.encode()),
            "content-type": "application/json",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _record(message: Any, url: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {
            "ApproximateReceiveCount": message["Attributes"]["ApproximateReceiveCount"],
            "SentTimestamp": message["Attributes"]["SentTimestamp"],
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": message["Attributes"]["SentTimestamp"],
        },
        "messageAttributes": {
            name: {
                "stringValue": value["StringValue"],
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{url.rsplit('/', 1)[-1]}",
        "awsRegion": REGION,
    }


def handler_of(verb: str) -> Handler:
    handler: Handler = importlib.import_module(f"lambdas.{verb}").handler
    return handler
