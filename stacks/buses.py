"""Where events come from: the partner bus and the relay's own, both leading to one queue."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct, IDependable

from lambdas.relay.kernel import limits
from stacks import patterns
from stacks.environment_document import PARTNER_SOURCE, Relay
from stacks.patterns import ANY_SOURCE, Pattern
from stacks.queues import DeadLetteredQueue

#: EventBridge's own maximum,
#: docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
TARGET_ATTEMPTS_MAX = 185

EVENTBRIDGE = "events.amazonaws.com"
#: suffixes of the rules' names
RULE_NAMES = ("partner", "relay")


class Buses(Construct):
    """Two buses, an archive of each, and the rules that lead their events into the events queue.

    A bus and its archive are kept or deleted together: the archive adds its own rule to the bus,
    and EventBridge does not delete a bus that has rules.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        relay: Relay,
        wanted: Pattern,
        relay_bus_name: str,
        events_queue: DeadLetteredQueue,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._events_queue = events_queue
        self._archive_days = relay.archive_days
        self._removal_policy = removal_policy
        self._policies = [
            _allow_rules(queue, RULE_NAMES) for queue in (events_queue.queue, events_queue.dead)
        ]

        source = relay.partner_event_source
        self.partner = (
            None
            if relay.partner_bus_exists
            else events.CfnEventBus(
                self,
                "Partner",
                name=source,
                # AWS associates a partner source with the bus of the same name.
                event_source_name=source if PARTNER_SOURCE.fullmatch(source) else None,
            )
        )
        self.partner_name = source if self.partner is None else self.partner.ref
        self.relay = events.CfnEventBus(self, "Relay", name=relay_bus_name)
        self.rules = (
            self._lead(
                "Partner",
                self.partner or source,
                all_events=patterns.from_partner(source, relay.account),
                wanted=wanted,
            ),
            self._lead("Relay", self.relay, all_events=ANY_SOURCE, wanted=ANY_SOURCE),
        )

    def open_after(self, *constructs: IConstruct) -> None:
        """Create the buses only after `constructs`: a bus accepts events as soon as it exists, so
        whatever handles them must exist first."""
        # An existing bus already receives events, so its rule must wait instead.
        for first in (self.partner or self.rules[0], self.relay):
            first.node.add_dependency(*constructs)

    def _lead(
        self, name: str, bus: events.CfnEventBus | str, *, all_events: Pattern, wanted: Pattern
    ) -> events.CfnRule:
        """The path from a bus into the events queue, with an archive of all its events. A bus given
        only by name belongs to someone else."""
        if isinstance(bus, str):
            bus_name, arn = bus, _bus_arn(self, bus)
        else:
            bus.apply_removal_policy(self._removal_policy)
            bus_name, arn = bus.ref, bus.attr_arn
        archive = events.CfnArchive(
            self,
            f"{name}Archive",
            source_arn=arn,
            event_pattern=all_events,
            retention_days=self._archive_days,
        )
        archive.apply_removal_policy(self._removal_policy)
        rule = self._rule(name, bus_name, wanted)
        # A rule is active at once, and EventBridge does not retry what it may not send.
        rule.node.add_dependency(archive, *self._policies)
        return rule

    def _rule(self, name: str, bus: str, pattern: Pattern) -> events.CfnRule:
        """A rule with one target. Undeliverable events go to intake's dead-letter queue."""
        return events.CfnRule(
            self,
            f"{name}Rule",
            name=rule_name(self, name.lower()),
            event_bus_name=bus,
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


def _bus_arn(scope: Construct, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(
        service="events", resource="event-bus", resource_name=name
    )


def rule_name(scope: Construct, bus: str) -> str:
    """The name of the rule on `bus` (partner or relay), known before the rule exists."""
    return f"{cdk.Stack.of(scope).stack_name}-{bus}"


def _allow_rules(queue: sqs.Queue, buses: Sequence[str]) -> IDependable:
    """Let EventBridge send for our rules, and for no others.

    The rules are matched by a name pattern, not by reference: a policy that waits for its rules
    comes too late for their first events. The pattern covers every bus: while the partner source
    changes, the rules on the old and the new bus are active together. The ARN contains the account;
    AWS's example for EventBridge and SQS has no aws:SourceAccount, and a condition on a key that is
    not sent would refuse everything
    (docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).
    """
    stack = cdk.Stack.of(queue)
    allowed = queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EventBridgeRules",
            principals=[iam.ServicePrincipal(EVENTBRIDGE)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={
                "ArnLike": {
                    "aws:SourceArn": [
                        stack.format_arn(
                            service="events", resource="rule", resource_name=f"*/{name}"
                        )
                        for name in (rule_name(queue, bus) for bus in buses)
                    ]
                }
            },
        )
    )
    assert allowed.policy_dependable is not None
    return allowed.policy_dependable
