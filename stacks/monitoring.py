"""Alarms that notify a person, and the dashboard for that person."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.alarms import Alarm, alarms
from stacks.dashboard import dashboard
from stacks.environment_document import Relay
from stacks.shared import Shared


class Monitoring(Construct):
    """Every alarm notifies one topic; the environment says who subscribes to it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        shared: Shared,
        relay: Relay,
        rules: tuple[events.CfnRule, ...],
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        environment, pairs = shared.settings.environment, shared.queues.all
        self.topic = (
            self._own_topic()
            if relay.alarm_topic_arn is None
            else sns.Topic.from_topic_arn(self, "Topic", relay.alarm_topic_arn)
        )
        if relay.alarm_email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(relay.alarm_email))
        wired = {
            alarm.name: self._alarm(alarm, relay.runbook)
            for alarm in alarms(
                environment=environment, pairs=pairs, rules=rules, functions=functions
            )
        }
        dashboard(
            self,
            "Dashboard",
            environment=environment,
            alarms=wired,
            pairs=pairs,
            functions=functions,
            table=shared.ledger.table,
            requests_per_minute=relay.requests_per_minute,
        )

    def _own_topic(self) -> sns.Topic:
        # Not encrypted with a key: CloudWatch can publish only under a customer's key, and alarms
        # contain nothing personal.
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # A policy of our own replaces the default one, which lets CloudWatch publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        return topic

    def _alarm(self, alarm: Alarm, runbook: str) -> cloudwatch.Alarm:
        made = cloudwatch.Alarm(
            self,
            alarm.name,
            alarm_description=alarm.description(runbook),
            metric=alarm.metric,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.bad,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # No data means no messages: SQS stops reporting on idle queues.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        made.add_alarm_action(actions.SnsAction(self.topic))
        made.add_ok_action(actions.SnsAction(self.topic))
        return made
