"""The metrics, our own and those of AWS, each with one function to name it."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_

from lambdas.relay.kernel.metrics import Metric
from stacks.function import METRICS_NAMESPACE
from stacks.queues import DeadLetteredQueue

#: CloudWatch's usual step; SQS reports every minute (seconds)
PERIOD_S = 300


def counted(
    environment: str, service: str, metric: Metric, *, statistic: str = "Sum"
) -> cloudwatch.Metric:
    """A metric of ours. Its dimensions match those in lambdas/adapters/telemetry.py."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric,
        dimensions_map={"environment": environment, "service": service},
        period=cdk.Duration.seconds(PERIOD_S),
        statistic=statistic,
    )


def everywhere(
    environment: str, metric: Metric, *, label: str, statistic: str = "Sum"
) -> cloudwatch.MathExpression:
    """A metric of ours over all functions that emit it. For dashboards: alarms take no search."""
    schema = f"{{{METRICS_NAMESPACE},environment,service}}"
    found = f'{schema} MetricName="{metric}" environment="{environment}"'
    return cloudwatch.MathExpression(
        expression=f"SUM(SEARCH('{found}', '{statistic}', {PERIOD_S}))",
        label=label,
        period=cdk.Duration.seconds(PERIOD_S),
        using_metrics={},
    )


def joined(
    function: str, metrics: Mapping[str, cloudwatch.IMetric], *, label: str, period_s: int
) -> cloudwatch.MathExpression:
    """`function` (SUM, MAX) over several metrics, ignoring those without data."""
    return cloudwatch.MathExpression(
        expression=f"{function}([{', '.join(metrics)}])",
        label=label,
        period=cdk.Duration.seconds(period_s),
        using_metrics=dict(metrics),
    )


def dead_letters(pairs: Sequence[DeadLetteredQueue]) -> Mapping[str, cloudwatch.IMetric]:
    """Messages in each dead-letter queue."""
    return {
        f"{pair.variable.lower()}_dead": pair.dead.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=cdk.Duration.seconds(PERIOD_S), label=f"{pair.name}-dead"
        )
        for pair in pairs
    }


def depths(pairs: Sequence[DeadLetteredQueue]) -> Mapping[str, cloudwatch.IMetric]:
    """Messages waiting in each queue."""
    return {
        f"{pair.variable.lower()}_depth": pair.queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=cdk.Duration.seconds(PERIOD_S), label=pair.name
        )
        for pair in pairs
    }


def ages(pairs: Sequence[DeadLetteredQueue]) -> Mapping[str, cloudwatch.IMetric]:
    """Seconds that each queue's oldest message has waited."""
    return {
        f"{pair.variable.lower()}_age": pair.queue.metric_approximate_age_of_oldest_message(
            statistic="Maximum", period=cdk.Duration.seconds(PERIOD_S), label=pair.name
        )
        for pair in pairs
    }


def errors(functions: Mapping[str, lambda_.IFunction]) -> Mapping[str, cloudwatch.IMetric]:
    """Invocations of each function that crashed or timed out."""
    return {
        f"{verb}_errors": function.metric_errors(
            statistic="Sum", period=cdk.Duration.seconds(PERIOD_S), label=f"{verb} errors"
        )
        for verb, function in functions.items()
    }


def units(table: dynamodb.ITable, metric: str, *, index: str | None) -> cloudwatch.Metric:
    """Capacity units of the ledger or of its index."""
    dimensions = {"TableName": table.table_name}
    if index is not None:
        dimensions["GlobalSecondaryIndexName"] = index
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name=metric,
        dimensions_map=dimensions,
        period=cdk.Duration.seconds(PERIOD_S),
        statistic="Sum",
    )
