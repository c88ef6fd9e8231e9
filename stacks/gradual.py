"""Gradual deployment: a new release of a function gets a tenth of its invocations first, and all
after five minutes without an unexpected error. Otherwise the old release keeps them all, and the
deployment fails and is rolled back.

Meanwhile both releases work side by side, on the same queues and the same ledger: each reads what
the other writes (simulation/releases.py, tests/unit/test_golden.py).
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.measures import counted, joined

ALIAS = "live"
PERIOD_S = 60
#: these run every quarter of an hour, once a day, or when an alarm changes: a tenth of that in five
#: minutes shows nothing
AT_ONCE = ("reconcile", "audit", "alert")
#: the functions that count unexpected errors: those that SQS invokes
COUNTS_UNEXPECTED = ("intake", "dedup", "write", "confirm")


def live(function: lambda_.Function, *, is_gradual: bool) -> lambda_.IFunction:
    """What to invoke: the function, or the alias that moves from release to release."""
    if not is_gradual:
        return function
    made = function.node.try_find_child("Live")
    if isinstance(made, lambda_.Alias):
        return made
    return lambda_.Alias(function, "Live", alias_name=ALIAS, version=function.current_version)


class Gradual(Construct):
    """CodeDeploy shifts each function's alias to the new version, and back if an alarm goes off."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        functions: Mapping[str, lambda_.Function],
    ) -> None:
        super().__init__(scope, construct_id)
        application = codedeploy.LambdaApplication(self, "Application")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSCodeDeployRoleForLambdaLimited]",
            "AWS's managed policy for CodeDeploy to shift aliases; CDK attaches it.",
        )
        for verb, function in functions.items():
            if verb in AT_ONCE:
                continue
            alias = live(function, is_gradual=True)
            assert isinstance(alias, lambda_.Alias)
            codedeploy.LambdaDeploymentGroup(
                self,
                verb.capitalize(),
                application=application,
                alias=alias,
                role=role,
                deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                alarms=[self._alarm(environment, verb, alias)],
            )

    def _alarm(self, environment: str, verb: str, alias: lambda_.Alias) -> cloudwatch.Alarm:
        period = cdk.Duration.seconds(PERIOD_S)
        bad: dict[str, cloudwatch.IMetric] = {
            "errors": alias.metric_errors(statistic="Sum", period=period)
        }
        if verb in COUNTS_UNEXPECTED:
            bad["unexpected"] = counted(environment, verb, "Unexpected")
        return cloudwatch.Alarm(
            self,
            f"{verb.capitalize()}Failing",
            alarm_description=(
                f"{verb} crashed, timed out, or raised an unexpected error. If a release is being "
                "deployed, it is rolled back: runbook, A release was rolled back."
            ),
            metric=joined("SUM", bad, label="errors", period_s=PERIOD_S),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
