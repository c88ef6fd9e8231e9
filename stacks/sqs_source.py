"""How a queue feeds a function."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.lanes import title, without_lane
from stacks.function import FunctionSettings
from stacks.gradual import live
from stacks.queues import DeadLetteredQueue, grant_consume, grant_send

#: Lambda's rule for SQS sources, docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUTS = 6


def feed(
    function: lambda_.Function,
    queue: DeadLetteredQueue,
    *,
    settings: FunctionSettings,
    concurrency_max: int,
    batching_window_s: int = 0,
) -> None:
    """Let `queue` invoke `function`, which reports failed messages one by one and itself sends to
    the dead-letter queue what must not wait for SQS to do so.

    Raises ValueError if the queue may redeliver a message while the function still works on it.
    """
    timing = limits.TIMINGS[settings.timing]
    plain = without_lane(queue.name)
    timeout_s = timing.function_timeout_s[limits.QUEUES[plain]]
    if timing.visibility_s[plain] < VISIBILITY_TIMEOUTS * timeout_s + batching_window_s:
        raise ValueError(
            f"visibility of {queue.name} must be at least six timeouts of its function and the "
            "batching window"
        )
    # Not CDK's SqsEventSource: it grants GetQueueUrl, which is not needed.
    live(function, is_gradual=settings.is_gradual).add_event_source_mapping(
        f"{'' if plain == queue.name else title(queue.name)}Source",
        event_source_arn=queue.queue.queue_arn,
        batch_size=limits.MESSAGES_PER_INVOCATION[plain],
        max_batching_window=cdk.Duration.seconds(batching_window_s),
        max_concurrency=concurrency_max,
        report_batch_item_failures=True,
    )
    grant_consume(function, queue.queue)
    grant_send(function, queue.dead)
