"""Records into EventBridge, SQS and Firehose. Each call is one attempt: the SDK's own repetition
after a lost answer would double records unseen."""

import json
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from lambdas.adapters.aws import CONFIG, THROTTLING, code_of
from lambdas.relay.kernel.ports import Busy, NotSent, Record, Taken, Unanswered
from lambdas.relay.kernel.reasons import Code

ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
#: what never reached the service
UNSENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError)
BUSY = THROTTLING | {"ServiceUnavailableException", "ThrottledException", "OverLimit"}

Answer = Taken | Busy | NotSent | Unanswered


class AwsRecords:
    """Implements relay.ports.Records over one of the three services."""

    def __init__(self, service: str, client: Any = None) -> None:
        name, self._put = {
            "event-bus": ("events", self._bus),
            "queue": ("sqs", self._queue),
            "firehose": ("firehose", self._stream),
        }[service]
        make: Any = boto3.client
        self._client = client or make(name, config=ONCE)
        self._urls: dict[str, str] = {}

    def put(self, where: str, records: Sequence[Record]) -> Answer:
        try:
            return Taken(self._put(where, records))
        except ClientError as error:
            code = code_of(error)
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            if code in BUSY:
                return Busy(Code.CALL_FAILED(where, code))
            why = Code.CALL_FAILED(where, f"{status} {code}")
            return NotSent(why) if 400 <= status < 500 else Unanswered(why)
        except UNSENT as error:
            return NotSent(Code.CONNECTION_FAILED(type(error).__name__))
        except BotoCoreError as error:
            return Unanswered(Code.CONNECTION_FAILED(type(error).__name__))

    def _bus(self, arn: str, records: Sequence[Record]) -> list[str]:
        entries = []
        for record in records:
            item = json.loads(record.text)
            entries.append(
                {
                    "EventBusName": arn,
                    "Source": str(item["source"]),
                    "DetailType": str(item["type"]),
                    "Detail": json.dumps(item["detail"], ensure_ascii=False),
                }
            )
        answer = self._client.put_events(Entries=entries)
        return [entry.get("ErrorCode", "") for entry in answer["Entries"]]

    def _queue(self, arn: str, records: Sequence[Record]) -> list[str]:
        is_fifo = arn.endswith(".fifo")
        answer = self._client.send_message_batch(
            QueueUrl=self._url(arn),
            Entries=[
                {
                    "Id": str(number),
                    "MessageBody": record.text,
                    **(
                        {"MessageGroupId": record.group, "MessageDeduplicationId": record.id}
                        if is_fifo
                        else {}
                    ),
                }
                for number, record in enumerate(records)
            ],
        )
        failed = {row["Id"]: row["Code"] for row in answer.get("Failed", [])}
        return [failed.get(str(number), "") for number in range(len(records))]

    def _stream(self, arn: str, records: Sequence[Record]) -> list[str]:
        answer = self._client.put_record_batch(
            DeliveryStreamName=arn.rpartition("/")[2],
            # A line each, as readers of a lake expect.
            Records=[{"Data": record.text.encode() + b"\n"} for record in records],
        )
        return [row.get("ErrorCode", "") for row in answer["RequestResponses"]]

    def _url(self, arn: str) -> str:
        if arn not in self._urls:
            _, _, _, _, account, name = arn.split(":")
            answer = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._urls[arn] = answer["QueueUrl"]
        return self._urls[arn]
