"""Redrives that people start in the SQS console."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lambdas.adapters.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def resume_redrive(client: "SQSClient", dead_url: str, source_url: str) -> bool:
    """Implements `resume_redrive` of relay.kernel.ports.Ports.

    SQS moves a letter back to its source only if SQS itself dead-lettered it; at a letter that a
    function or EventBridge sent, the task ends FAILED. If a task names its destination, every
    letter moves (API reference, StartMessageMoveTask and ListMessageMoveTasks: `DestinationArn` is
    null if none was given; the latest task comes first).
    """
    dead_arn, source_arn = (_arn(client, url) for url in (dead_url, source_url))
    with translated("ListMessageMoveTasks"):
        answer = client.list_message_move_tasks(SourceArn=dead_arn, MaxResults=1)
    for task in answer.get("Results", []):
        if task["Status"] == "FAILED" and not task.get("DestinationArn"):
            with translated("StartMessageMoveTask"):
                client.start_message_move_task(SourceArn=dead_arn, DestinationArn=source_arn)
            return True
    return False


def _arn(client: "SQSClient", url: str) -> str:
    """A queue's ARN, made from its URL (developer guide, queue and message identifiers)."""
    account, name = urlsplit(url).path.strip("/").split("/")
    return f"arn:{client.meta.partition}:sqs:{client.meta.region_name}:{account}:{name}"
