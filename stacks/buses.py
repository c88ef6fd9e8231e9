"""Where events come from: the partner's bus and our own, both leading to one queue."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lambdas.relay import limits
from stacks.queues import DeadLetteredQueue

#: EventBridge's own maximum,
#: docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
TARGET_ATTEMPTS_MAX = 185

EVENTBRIDGE = "events.amazonaws.com"
Pattern = Mapping[str, object]

#: A pattern must say something; this says "whoever sent it".
ANY_SOURCE: Pattern = {"source": [{"prefix": ""}]}


class Buses(Construct):
    """Two buses, an archive of each, and the rules that lead their events into the events queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partner_event_source: str,
        detail_types: Sequence[str],
        account: str | None,
        relay_bus_name: str,
        archive_days: int,
        events_queue: DeadLetteredQueue,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._events_queue = events_queue
        self._archive_days = archive_days
        self._removal_policy = removal_policy

        # AWS associates a partner source with the bus of the same name.
        self.partner = events.CfnEventBus(
            self, "Partner", name=partner_event_source, event_source_name=partner_event_source
        )
        from_partner: dict[str, object] = {"source": [partner_event_source]}
        if account is not None:
            from_partner["account"] = [account]
        narrowed = {"detail-type": list(detail_types)} if detail_types else {}
        self._archive("PartnerArchive", self.partner, from_partner)
        partner_rule = self._rule("PartnerRule", self.partner, {**from_partner, **narrowed})

        self.relay = events.CfnEventBus(self, "Relay", name=relay_bus_name)
        self._archive("RelayArchive", self.relay, ANY_SOURCE)
        relay_rule = self._rule("RelayRule", self.relay, ANY_SOURCE)

        self.rules = (partner_rule, relay_rule)
        for queue in (events_queue.queue, events_queue.dead):
            _allow_rules(queue, [rule.attr_arn for rule in self.rules])

    def _rule(self, name: str, bus: events.CfnEventBus, pattern: Pattern) -> events.CfnRule:
        """A rule with one target. What cannot be delivered joins what intake could not handle."""
        return events.CfnRule(
            self,
            name,
            event_bus_name=bus.ref,
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    id="events",
                    arn=self._events_queue.queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._events_queue.dead.queue_arn
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=limits.EVENTBRIDGE_RETRY_S,
                        maximum_retry_attempts=TARGET_ATTEMPTS_MAX,
                    ),
                )
            ],
        )

    def _archive(self, name: str, bus: events.CfnEventBus, pattern: Pattern) -> None:
        archive = events.CfnArchive(
            self,
            name,
            source_arn=bus.attr_arn,
            event_pattern=pattern,
            retention_days=self._archive_days,
        )
        archive.apply_removal_policy(self._removal_policy)


def _allow_rules(queue: sqs.Queue, rule_arns: Sequence[str]) -> None:
    """EventBridge may send for our rules; for anybody else's it may not."""
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EventBridgeRules",
            principals=[iam.ServicePrincipal(EVENTBRIDGE)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": list(rule_arns)},
                "StringEquals": {"aws:SourceAccount": cdk.Stack.of(queue).account},
            },
        )
    )
