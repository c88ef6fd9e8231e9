"""The ledger: claims, requests and limiter state in one DynamoDB table."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

#: Holds only the records that need attention: a sweep's cost depends on them, not on the table.
ATTENTION_INDEX = "attention"


class Ledger(Construct):
    """Pay per request, restorable to any second of the last 35 days; TTL only removes garbage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        restored: str | None,
    ) -> None:
        """`restored`: the name of a table that replaces the stack's own. The stack keeps its own,
        so that one setting switches back, too."""
        super().__init__(scope, construct_id)
        own = self._own(removal_policy)
        self.table = (
            own if restored is None else dynamodb.Table.from_table_name(self, "Restored", restored)
        )

    def _own(self, removal_policy: cdk.RemovalPolicy) -> dynamodb.ITable:
        is_kept = removal_policy is not cdk.RemovalPolicy.DESTROY
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=is_kept,
            # A failed first deploy could not delete a protected table, and so could not be rolled
            # back: this resource is then kept, empty and free of charge.
            removal_policy=cdk.RemovalPolicy.RETAIN if is_kept else removal_policy,
        )
        table.add_global_secondary_index(
            index_name=ATTENTION_INDEX,
            partition_key=dynamodb.Attribute(name="attention", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="due_at", type=dynamodb.AttributeType.NUMBER),
            # Only what the index needs: changes to other attributes cost no write here.
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table

    def grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> None:
        """Allow `actions` (without the prefix) on the table only, not on its index."""
        self._grant(grantee, actions, self.table.table_arn)

    def grant_sweep(self, grantee: iam.IGrantable) -> None:
        """Allow queries for the records that need attention."""
        self._grant(grantee, ["Query"], self.index_arn)

    @property
    def index_arn(self) -> str:
        """The ARN of the index over the records that need attention."""
        return f"{self.table.table_arn}/index/{ATTENTION_INDEX}"

    def _grant(self, grantee: iam.IGrantable, actions: Sequence[str], resource: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"dynamodb:{action}" for action in actions],
            resource_arns=[resource],
        )
