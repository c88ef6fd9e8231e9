"""audit: finds missing events once a day. Only where configured."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from lambdas.relay.kernel import limits
from stacks.audit_table import Audit as Settings
from stacks.function import relay_function
from stacks.shared import Shared

#: what the audit keeps in memory of a conversation of six events; tests/unit/test_audit.py
CONVERSATION_BYTES = 2_048
#: 300,000 conversations and the function itself. The timeout ends a run before it gets there.
MEMORY_MB = 1_024


class Audit(Construct):
    """Compares Genesys' record of conversations with the ledger, and reports what is missing. It
    reads claims and takes slots of the rate limit, but has no access to queues or the vault."""

    def __init__(
        self, scope: Construct, construct_id: str, *, shared: Shared, audit: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="audit",
            settings=shared.settings,
            memory_mb=MEMORY_MB,
            calls_genesys=True,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                "AUDIT_HOURS": str(audit.hours),
                **shared.genesys.environment(shared.credentials),
            },
        )
        # No retry: two runs at once would send every query twice. An alarm reports a failed run.
        self.function.configure_async_invoke(
            retry_attempts=0, max_event_age=cdk.Duration.seconds(limits.HOUR_S)
        )
        events.Rule(
            self,
            "Daily",
            schedule=events.Schedule.cron(minute="0", hour=str(audit.at)),
            targets=[targets.LambdaFunction(self.function, retry_attempts=0)],
        )
        shared.ledger.grant(role, ["BatchGetItem", "PutItem", "Query", "UpdateItem"])
        shared.credentials.grant_read(role)
