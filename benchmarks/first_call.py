"""A sandbox's first invocation, in a process of its own: `python -m benchmarks.first_call <verb>`.

Takes the event as JSON on stdin, and prints the CPU (s) of importing and of the first call. With
`boto3:<clients>` instead of a verb: only the SDK, a client of each service and a call with it.
Nothing else is imported before the clock starts.
"""

import json
import sys
import time
from typing import Any


def main(what: str, event: dict[str, object]) -> float:
    began = time.process_time()
    import boto3

    session = boto3.DEFAULT_SESSION = boto3.Session()
    session.events.register("before-send", _answer)  # type: ignore[arg-type]  # its answer counts
    if what.startswith("boto3:"):
        make: Any = session.client
        for service in what.removeprefix("boto3:").split(","):
            _call(make(service), service)
    else:
        import importlib

        answer = importlib.import_module(f"lambdas.{what}").handler(event, _Context())
        if answer["batchItemFailures"]:
            raise RuntimeError(f"{what} kept its message")
    return time.process_time() - began


class _Context:
    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn"
    aws_request_id = "id"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _call(client: object, service: str) -> None:
    calls = {
        "sqs": lambda it: it.send_message_batch(QueueUrl="https://q", Entries=[]),
        "dynamodb": lambda it: it.put_item(TableName="ledger", Item={}),
        "s3": lambda it: it.put_object(Bucket="vault", Key="key", Body=b""),
    }
    calls[service](client)


def _answer(request: Any, **_more: object) -> object:
    from botocore.awsrequest import AWSResponse

    body = b'{"Responses": {}}' if "X-Amz-Target" in request.headers else b""
    return AWSResponse(request.url, 200, {}, _Raw(body))  # type: ignore[arg-type]


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_arguments: object, **_named: object) -> list[bytes]:
        return [self._body]


if __name__ == "__main__":
    took = main(sys.argv[1], json.load(sys.stdin))
    print(took, file=sys.stderr)
