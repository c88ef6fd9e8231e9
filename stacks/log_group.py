"""A log group whose entries expire, unlike those of a group that Lambda creates by itself."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(
    scope: Construct,
    construct_id: str,
    *,
    retention_days: int,
    removal_policy: cdk.RemovalPolicy,
) -> logs.LogGroup:
    """A log group kept for `retention_days`, one of the numbers that CloudWatch accepts."""
    group = logs.LogGroup(
        scope, construct_id, retention=logs.RetentionDays.INFINITE, removal_policy=removal_policy
    )
    # The construct takes an enum member for the number of days; the resource takes the number.
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    resource.retention_in_days = retention_days
    return group
