"""The only way to make a Lambda function of the relay."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from lambdas.relay.kernel import limits
from stacks.acknowledgements import acknowledge
from stacks.log_group import log_group
from stacks.network import ExistingNetwork, Network

#: The newest Python that the pinned CDK library knows; a test fails when a newer one appears.
RUNTIME = lambda_.Runtime.PYTHON_3_14

METRICS_NAMESPACE = "GenesysRelay"
MEMORY_MB_DEFAULT = 256


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What the functions of an environment have in common."""

    environment: str
    #: a key of limits.TIMINGS
    timing: str
    code: lambda_.Code
    architecture: lambda_.Architecture
    log_retention_days: int
    removal_policy: cdk.RemovalPolicy
    #: whether a new release gets only a share of the invocations at first (gradual.py)
    is_gradual: bool
    #: where the functions that call Genesys run; None: Lambda's own network
    network: Network | ExistingNetwork | None


def relay_function(
    scope: Construct,
    *,
    verb: str,
    settings: FunctionSettings,
    environment: Mapping[str, str],
    memory_mb: int = MEMORY_MB_DEFAULT,
    calls_genesys: bool = False,
    may_send_to_itself: bool = False,
) -> tuple[lambda_.Function, iam.Role]:
    """A function that runs `lambdas.<verb>.handler`, and its role, which may only log and trace.

    No reserved concurrency: SQS pollers would over-pull, get throttled and use up receives. The
    event source's maximum concurrency limits the function instead.
    """
    network = settings.network if calls_genesys else None
    logs = log_group(
        scope,
        "Logs",
        retention_days=settings.log_retention_days,
        removal_policy=settings.removal_policy,
    )
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    logs.grant_write(role)
    if network is not None:
        network.grant_attachment(role)
    function = lambda_.Function(
        scope,
        "Function",
        description=f"genesys-relay {settings.environment}: {verb}",
        runtime=RUNTIME,
        architecture=settings.architecture,
        code=settings.code,
        handler=f"lambdas.{verb}.handler",
        role=role,
        timeout=cdk.Duration.seconds(limits.TIMINGS[settings.timing].function_timeout_s[verb]),
        memory_size=memory_mb,
        tracing=lambda_.Tracing.ACTIVE,
        recursive_loop=lambda_.RecursiveLoop.ALLOW if may_send_to_itself else None,
        log_group=logs,
        vpc=network.vpc if network else None,
        vpc_subnets=network.subnets if network else None,
        security_groups=[network.security_group] if network else None,
        environment={
            "RELAY_ENVIRONMENT": settings.environment,
            "TIMING": settings.timing,
            "POWERTOOLS_SERVICE_NAME": verb,
            "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
            **environment,
        },
    )
    acknowledge(
        role,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray's PutTraceSegments and PutTelemetryRecords, and for a function in a VPC the network "
        "interface actions, do not support resources.",
    )
    return function, role
