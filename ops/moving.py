"""Has SQS move a whole dead-letter queue back, with the same call as the console's redrive."""

import time

from ops.connection import Line, Relay
from ops.errors import OpsError
from ops.screen import plural
from ops.session import Session

POLL_EVERY_S = 1.0
#: SQS's own limit per task, docs.aws.amazon.com/AWSSimpleQueueService/.../quotas-queues.html
TASK_S_MAX = 36 * 3600


def move(session: Session, line: Line, per_second: int, *, dry_run: bool, yes: bool) -> None:
    """Starts the task and follows it to its end; interrupting this leaves the task running."""
    relay, screen = session.relay, session.screen
    source, destination = _arn(relay, line.dead_url), _arn(relay, line.url)
    count = _count(relay, line.dead_url)
    screen.say(
        f"{plural(count, 'dead letter')} of {line.name}-dead would go to {line.name}, "
        f"{per_second}/s." + " Nothing was changed." * dry_run
    )
    if dry_run or not count:
        screen.document({"matching": count, "redriven": 0})
        return
    screen.confirm(f"Move {plural(count, 'dead letter')}?", yes=yes)
    # The destination is named: SQS knows no source for letters that a function or EventBridge
    # sent (docs/decisions/0010-dead-letters.md).
    relay.sqs.start_message_move_task(
        SourceArn=source, DestinationArn=destination, MaxNumberOfMessagesPerSecond=per_second
    )
    moved = _follow(session, source)
    screen.document({"matching": count, "redriven": moved})
    screen.say(f"{plural(moved, 'dead letter')} moved.")


def _follow(session: Session, source: str) -> int:
    until = time.monotonic() + TASK_S_MAX
    with session.screen.console.status("moving") as shown:
        while time.monotonic() < until:
            task = session.relay.sqs.list_message_move_tasks(SourceArn=source)["Results"][0]
            moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            shown.update(f"moving: {moved} of {task.get('ApproximateNumberOfMessagesToMove', '?')}")
            if task["Status"] not in ("RUNNING", "CANCELLING"):
                break
            time.sleep(POLL_EVERY_S)
    if task["Status"] != "COMPLETED":
        raise OpsError(
            f"SQS ended the move as {task['Status']} ({task.get('FailureReason', 'no reason')}) "
            f"after {plural(moved, 'dead letter')}; the others were not moved. Start it again."
        )
    return moved


def _arn(relay: Relay, url: str) -> str:
    answer = relay.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def _count(relay: Relay, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = relay.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"][name])  # type: ignore[index]
