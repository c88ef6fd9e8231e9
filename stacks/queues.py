"""The queues between the verbs, each with a dead-letter queue."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.lanes import queues, title, variable, without_lane

#: How long reconcile hides a dead letter that it works on: this many of its longest runs.
DEAD_VISIBILITY_RUNS = 2


class DeadLetteredQueue(Construct):
    """A queue and its dead-letter queue, encrypted with SQS's own keys, reachable by TLS only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        timing: limits.Timing,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=_physical_name(f"{name}-dead"),
            retention_period=cdk.Duration.seconds(limits.DEAD_RETENTION_S),
            visibility_timeout=cdk.Duration.seconds(
                DEAD_VISIBILITY_RUNS * timing.function_timeout_s["reconcile"]
            ),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=removal_policy,
            redrive_allow_policy=sqs.RedriveAllowPolicy(source_queues=[self._source_by_name()]),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=_physical_name(name),
            retention_period=cdk.Duration.seconds(limits.SOURCE_RETENTION_S),
            visibility_timeout=cdk.Duration.seconds(timing.visibility_s[without_lane(name)]),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=removal_policy,
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.DENY_ALL
            ),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead, max_receive_count=limits.RECEIVES_MAX[without_lane(name)]
            ),
        )
        for each in (self.dead, self.queue):
            _refuse_purge(each)

    def addresses(self) -> dict[str, str]:
        return {
            f"{self.variable}_QUEUE_URL": self.queue.queue_url,
            f"{self.variable}_DEAD_QUEUE_URL": self.dead.queue_url,
        }

    def environment(self) -> dict[str, str]:
        """For the consumer: both queues' addresses, and after how many receives a message moves."""
        receives_max = limits.RECEIVES_MAX[without_lane(self.name)]
        return {**self.addresses(), f"{self.variable}_RECEIVES_MAX": str(receives_max)}

    @property
    def variable(self) -> str:
        return variable(self.name)

    def _source_by_name(self) -> sqs.IQueue:
        """The source queue, by name: by reference, each queue would wait for the other."""
        arn = cdk.Stack.of(self).format_arn(service="sqs", resource=_physical_name(self.name))
        return sqs.Queue.from_queue_arn(self, "Source", arn)


class Queues(Construct):
    """One for each function that takes its work from a queue (limits.QUEUES)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        timing: limits.Timing,
        has_lanes: bool,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        made = {
            name: DeadLetteredQueue(
                self, title(name), name=name, timing=timing, removal_policy=removal_policy
            )
            for name in queues(has_lanes=has_lanes)
        }
        self.events, self.batches, self.checks = made["events"], made["batches"], made["checks"]
        #: one for each lane
        self.writes = [pair for name, pair in made.items() if without_lane(name) == "writes"]
        self.all = tuple(made.values())

    def outputs(self) -> dict[str, str]:
        """What the stack tells of them."""
        dead = {f"{title(pair.name)}DeadQueueUrl": pair.dead.queue_url for pair in self.all}
        return {f"{title(pair.name)}QueueUrl": pair.queue.queue_url for pair in self.all} | dead

    def writes_addresses(self) -> dict[str, str]:
        """For functions that send messages to be written."""
        return {f"{pair.variable}_QUEUE_URL": pair.queue.queue_url for pair in self.writes}


def _refuse_purge(queue: sqs.Queue) -> None:
    """A purge in the console would lose unclaimed events silently; claimed ones would come back
    from the vault. So a purge never makes sense."""
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="NothingVanishesByHand",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["sqs:PurgeQueue"],
            resources=[queue.queue_arn],
        )
    )


def grant_send(grantee: iam.IGrantable, *queues: sqs.IQueue) -> None:
    """Sending and nothing else."""
    _grant(grantee, ["sqs:SendMessage"], queues)


def grant_empty(grantee: iam.IGrantable, *queues: sqs.IQueue) -> None:
    """Receiving and deleting, and starting a redrive, for which SQS requires the other actions
    (developer guide, dead-letter queue redrive: configuring permissions)."""
    actions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
    moving = ["ListMessageMoveTasks", "StartMessageMoveTask"]
    _grant(grantee, [f"sqs:{action}" for action in (*actions, *moving)], queues)


def grant_consume(grantee: iam.IGrantable, *queues: sqs.IQueue) -> None:
    """What Lambda needs to feed a function, and what the function needs to delay a message
    (docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)."""
    actions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"]
    _grant(grantee, [f"sqs:{action}" for action in actions], queues)


def _grant(grantee: iam.IGrantable, actions: list[str], queues: Sequence[sqs.IQueue]) -> None:
    iam.Grant.add_to_principal(
        grantee=grantee,
        actions=actions,
        resource_arns=[queue.queue_arn for queue in queues],
    )


def _physical_name(name: str) -> str:
    """<stack>-<name>-<part of this stack's id>: readable in the console, and available to a new
    stack of the same name while the retained queues of the old one still exist.
    """
    stack_uuid = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
    first_part = cdk.Fn.select(0, cdk.Fn.split("-", stack_uuid))
    return cdk.Fn.join("-", [cdk.Aws.STACK_NAME, name, first_part])
