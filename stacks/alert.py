"""alert: says to a topic of its own what an alarm is about."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from constructs import Construct

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.vault_keys import QUARANTINE
from stacks.buses import TARGET_ATTEMPTS_MAX
from stacks.function import relay_function
from stacks.shared import Shared


class Alert(Construct):
    """Beside the alarms' own topic, which needs no function: EventBridge hears of every change of
    an alarm, too (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
    cloudwatch-and-eventbridge.html)."""

    def __init__(self, scope: Construct, construct_id: str, *, shared: Shared, alarms: str) -> None:
        """`alarms`: the id of the construct that has the alarms, with which their names begin."""
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.function, role = relay_function(
            self,
            verb="alert",
            settings=shared.settings,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
                "ALARM_DETAILS_TOPIC": self.topic.topic_arn,
            },
        )
        # What fails three times is published as it arrived, so subscribers hear of it all the same.
        age = cdk.Duration.seconds(limits.HOUR_S)
        self.function.configure_async_invoke(
            retry_attempts=2,
            max_event_age=age,
            on_failure=destinations.SnsDestination(self.topic),
        )
        events.Rule(
            self,
            "AlarmChanges",
            event_pattern=events.EventPattern(
                account=[stack.account],
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={
                    "alarmName": [{"prefix": f"{stack.stack_name}-{alarms}"}],
                    "state": {"value": ["ALARM", "OK"]},
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self.function, retry_attempts=TARGET_ATTEMPTS_MAX, max_event_age=age
                )
            ],
        )
        self.topic.grant_publish(role)
        shared.ledger.grant_sweep(role)
        shared.vault.grant_list(role, QUARANTINE)
