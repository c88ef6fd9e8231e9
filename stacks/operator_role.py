"""What operators may do: a policy with the permissions that `relay`'s commands need, and a role
that has it."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.acknowledgements import accept_wildcard
from stacks.buses import Buses, rule_name
from stacks.shared import Shared

#: name patterns of the replays that `relay replay-archive` and `relay redeliver` start
REPLAYS = ("relay-*", "redeliver-*")
#: actions that AWS grants only for all resources
#: (docs.aws.amazon.com/service-authorization/latest/reference)
WHOLESALE = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "events:ListArchives",
    "events:TestEventPattern",
    "lambda:GetAccountSettings",
    "lambda:GetEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "sqs:ListQueues",
)


class OperatorRole(Construct):
    """The policy is for existing permission sets and roles; anyone in the account with permission
    to do so may assume the role. `relay forget` is not included: erasing must be granted separately
    (docs/data.md)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        shared: Shared,
        buses: Buses,
        topics: Sequence[sns.ITopic],
        functions: Mapping[str, lambda_.Function],
        secrets: Sequence[secretsmanager.ISecret],
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        ours, archive, *replays = (
            stack.format_arn(service=service, resource=kind, resource_name=name)
            for service, kind, name in (
                ("cloudformation", "stack", f"{stack.stack_name}/*"),
                ("events", "archive", "*"),
                *(("events", "replay", name) for name in REPLAYS),
            )
        )
        objects = shared.vault.bucket.arn_for_objects("*")
        wildcards = {
            "*": "These actions do not support resources.",
            ours: "A stack's ARN ends with an id that is unknown until it exists.",
            archive: "A bus may have an earlier stack's archive, whose name AWS chose.",
            **dict.fromkeys(replays, "Each replay has a name of its own."),
            objects: (
                "A person may decide about any document, and each is named by a hash of its "
                "content."
            ),
        }
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=(
                f"genesys-relay {shared.settings.environment}: what the relay commands need"
            ),
            statements=[
                _allow(
                    ["DescribeStacks", "GetTemplate", "ListStackResources"],
                    "cloudformation",
                    ours,
                ),
                *_queues(shared),
                *_ledger(shared),
                _allow(["ListBucket"], "s3", shared.vault.bucket.bucket_arn),
                _allow(["DeleteObject", "GetObject", "PutObject"], "s3", objects),
                *_buses(stack, buses),
                _allow(["DescribeArchive", "StartReplay"], "events", archive),
                _allow(["DescribeReplay", "StartReplay"], "events", *replays),
                _allow(
                    ["GetFunction", "GetFunctionConfiguration"],
                    "lambda",
                    *(function.function_arn for function in functions.values()),
                ),
                _allow(
                    ["FilterLogEvents"],
                    "logs",
                    *(function.log_group.log_group_arn for function in functions.values()),
                ),
                _allow(["ListSubscriptionsByTopic"], "sns", *(topic.topic_arn for topic in topics)),
                _allow(
                    ["GetSecretValue"], "secretsmanager", *(each.secret_arn for each in secrets)
                ),
                iam.PolicyStatement(actions=list(WHOLESALE), resources=["*"]),
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"genesys-relay {shared.settings.environment}: for its operators",
            assumed_by=iam.AccountPrincipal(stack.account),
            managed_policies=[self.policy],
        )
        for resource, reason in wildcards.items():
            accept_wildcard(self.policy, resource, reason)

    def may_look_at(self, key_arn: str) -> None:
        """Allow reading a customer's key and its policy, as the doctor does."""
        self.policy.add_statements(_allow(["DescribeKey", "GetKeyPolicy"], "kms", key_arn))


def _allow(actions: Sequence[str], service: str, *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=[f"{service}:{action}" for action in actions], resources=list(resources)
    )


def _queues(shared: Shared) -> Sequence[iam.PolicyStatement]:
    """Allow reading waiting messages and moving dead letters; only those may be deleted."""
    pairs = shared.queues.all
    return (
        _allow(
            ["GetQueueAttributes", "ReceiveMessage", "SendMessage"],
            "sqs",
            *(pair.queue.queue_arn for pair in pairs),
        ),
        _allow(
            ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes",
             "ListMessageMoveTasks", "ReceiveMessage", "StartMessageMoveTask"],
            "sqs",
            *(pair.dead.queue_arn for pair in pairs),
        ),
    )  # fmt: skip


def _ledger(shared: Shared) -> Sequence[iam.PolicyStatement]:
    table = shared.ledger.table.table_arn
    return (
        _allow(
            ["BatchGetItem", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive",
             "PartiQLInsert", "PutItem", "Query", "Scan", "UpdateItem"],
            "dynamodb",
            table,
        ),
        _allow(["Query"], "dynamodb", shared.ledger.index_arn),
    )  # fmt: skip


def _buses(stack: cdk.Stack, buses: Buses) -> Sequence[iam.PolicyStatement]:
    def arn(kind: str, name: str) -> str:
        return stack.format_arn(service="events", resource=kind, resource_name=name)

    names = {"partner": buses.partner_name, "relay": buses.relay.ref}
    return (
        _allow(
            ["DescribeEventBus"], "events", *(arn("event-bus", name) for name in names.values())
        ),
        _allow(
            ["DescribeRule", "ListTargetsByRule"],
            "events",
            *(arn("rule", f"{name}/{rule_name(stack, end)}") for end, name in names.items()),
        ),
        _allow(
            ["DescribeEventSource"],
            "events",
            # The ARN of a partner's event source contains no account.
            stack.format_arn(
                service="events",
                account="",
                resource="event-source",
                resource_name=buses.partner_name,
            ),
        ),
    )
