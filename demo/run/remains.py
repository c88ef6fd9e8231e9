"""What is left at the end of a run: vault documents and messages, read directly."""

from demo.run.account import Left
from demo.run.stage import QUEUES, Stage

#: a queue counts as read after this many receives of ten that find nothing
EMPTY_RECEIVES = 2
#: a message that is read stays hidden: nothing else consumes it any more
HIDDEN_S = 600


def read_remains(stage: Stage) -> Left:
    """Reads everything; messages in flight to a function are not counted elsewhere."""
    return Left(
        quarantine=_documents(stage, "quarantine/"),
        review=_documents(stage, "review/"),
        in_flight=tuple(b for name in QUEUES for b in _bodies(stage, f"{name}QueueUrl")),
        dead_letters=tuple(b for name in QUEUES for b in _bodies(stage, f"{name}DeadQueueUrl")),
    )


def _documents(stage: Stage, prefix: str) -> tuple[str, ...]:
    s3, bucket = stage.aws.client("s3"), stage.outputs["VaultBucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
    return tuple(
        s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "surrogatepass")
        for key in keys
    )


def _bodies(stage: Stage, output: str) -> list[str]:
    sqs, url = stage.aws.client("sqs"), stage.outputs[output]
    bodies: list[str] = []
    empty = 0
    while empty < EMPTY_RECEIVES:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=0
        )
        messages = answer.get("Messages", [])
        bodies += [message["Body"] for message in messages]
        empty = 0 if messages else empty + 1
    return bodies
