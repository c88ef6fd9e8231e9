"""The ledger: claims, requests and limiter state in one DynamoDB table."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

#: Holds only the records that need someone, so a sweep costs by trouble, not by table.
ATTENTION_INDEX = "attention"


class Ledger(Construct):
    """On demand, restorable to any second of the last 35 days; TTL only collects garbage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        restored: str | None,
    ) -> None:
        """`restored`: the name of a table that takes the place of the stack's own. That one stays
        in the stack, so that the way back is one setting too."""
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
            # A first deploy that fails could not delete a protected table, and so would not end:
            # this one resource stays even then, empty and free of charge.
            removal_policy=cdk.RemovalPolicy.RETAIN if is_kept else removal_policy,
        )
        table.add_global_secondary_index(
            index_name=ATTENTION_INDEX,
            partition_key=dynamodb.Attribute(name="attention", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="due_at", type=dynamodb.AttributeType.NUMBER),
            # Where a record stands in line and no more: what else changes costs no write here.
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table

    def grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> None:
        """`actions` (without the prefix) on the table alone."""
        self._grant(grantee, actions, self.table.table_arn)

    def grant_sweep(self, grantee: iam.IGrantable) -> None:
        """Querying the records that need someone."""
        self._grant(grantee, ["Query"], self.index_arn)

    @property
    def index_arn(self) -> str:
        """Of the index over the records that need someone."""
        return f"{self.table.table_arn}/index/{ATTENTION_INDEX}"

    def _grant(self, grantee: iam.IGrantable, actions: Sequence[str], resource: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"dynamodb:{action}" for action in actions],
            resource_arns=[resource],
        )
