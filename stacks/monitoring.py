"""The alarms: few, and each one says what to do."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.queues import DeadLetteredQueue, Queues

#: CloudWatch's usual step; SQS reports every minute (seconds).
PERIOD_S = 300
#: Reconcile runs every 15 minutes, so three failures in a row are an hour without it.
RECONCILE_PERIOD_S = 900
RECONCILE_FAILURES = 3
#: A queue whose oldest message is older than this is not keeping up: longer than any back-off
#: (15 minutes) and than what a full bucket of Genesys' rate limit delays in an ordinary peak.
OLDEST_MESSAGE_S_MAX = 3600


class Monitoring(Construct):
    """Alarms, and the topic they report to; without an e-mail address they only change state."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queues: Queues,
        rules: tuple[events.CfnRule, ...],
        reconcile: lambda_.IFunction,
        alarm_email: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = self._make_topic(alarm_email) if alarm_email is not None else None
        for pair in queues.all:
            self._watch_dead_letters(pair)
            self._watch_backlog(pair)
        for rule in rules:
            self._watch_delivery(rule)
        self._watch_reconcile(reconcile)

    def _make_topic(self, email: str) -> sns.Topic:
        # Not encrypted with a key: CloudWatch could use only one of our own, and nothing in an
        # alarm is personal.
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # A policy of our own replaces the default one, by which CloudWatch could publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        topic.add_subscription(subscriptions.EmailSubscription(email))
        return topic

    def _watch_dead_letters(self, pair: DeadLetteredQueue) -> None:
        self._alarm(
            f"{pair.name.capitalize()}Dead",
            f"Dead letters in {pair.name}-dead. Read the reason in the message's attributes and "
            "repair the cause, then redrive them to their source; reconcile does so by itself, but "
            "only a few times.",
            pair.dead.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.seconds(PERIOD_S), statistic="Maximum"
            ),
            threshold=1,
        )

    def _watch_backlog(self, pair: DeadLetteredQueue) -> None:
        self._alarm(
            f"{pair.name.capitalize()}Backlog",
            f"The oldest message in {pair.name} has waited for an hour. Look for errors of its "
            "function and for what Genesys answers; nothing is lost for four days.",
            pair.queue.metric_approximate_age_of_oldest_message(
                period=cdk.Duration.seconds(PERIOD_S), statistic="Maximum"
            ),
            threshold=OLDEST_MESSAGE_S_MAX,
        )

    def _watch_delivery(self, rule: events.CfnRule) -> None:
        self._alarm(
            f"{rule.node.id}Undelivered",
            "EventBridge could deliver events neither to the events queue nor to its dead-letter "
            "queue. Check both queues' policies, then replay the bus's archive for that time.",
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="InvocationsFailedToBeSentToDlq",
                dimensions_map={
                    "EventBusName": rule.event_bus_name or "default",
                    "RuleName": rule.attr_rule_name,
                },
                period=cdk.Duration.seconds(PERIOD_S),
                statistic="Sum",
            ),
            threshold=1,
        )

    def _watch_reconcile(self, reconcile: lambda_.IFunction) -> None:
        self._alarm(
            "ReconcileFailing",
            "reconcile has failed three times in a row, so dead letters and overdue requests wait. "
            "Read its log.",
            reconcile.metric_errors(
                period=cdk.Duration.seconds(RECONCILE_PERIOD_S), statistic="Sum"
            ),
            threshold=1,
            periods=RECONCILE_FAILURES,
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: cloudwatch.Metric,
        *,
        threshold: int,
        periods: int = 1,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # No data means no messages: SQS stops reporting on queues that are idle.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))
