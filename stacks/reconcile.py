"""reconcile: handles what was left behind, every 15 minutes."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.function import relay_function
from stacks.queues import grant_empty, grant_send
from stacks.shared import Shared


class Reconcile(Construct):
    """Empties the dead-letter queues and settles what is overdue, bounded per run."""

    def __init__(self, scope: Construct, construct_id: str, *, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="reconcile",
            settings=shared.settings,
            calls_genesys=True,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
                **{
                    name: url
                    for pair in shared.queues.all
                    for name, url in pair.addresses().items()
                },
                **shared.genesys.environment(shared.credentials),
            },
        )
        # The next run is the retry: Lambda's own would overlap with it.
        self.function.configure_async_invoke(
            retry_attempts=0, max_event_age=cdk.Duration.seconds(limits.RECONCILE_EVERY_S)
        )
        events.Rule(
            self,
            "Every15Minutes",
            schedule=events.Schedule.rate(cdk.Duration.seconds(limits.RECONCILE_EVERY_S)),
            targets=[targets.LambdaFunction(self.function, retry_attempts=0)],
        )
        grant_empty(role, *(pair.dead for pair in shared.queues.all))
        grant_send(role, *(pair.queue for pair in shared.queues.all))
        shared.ledger.grant(role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem"])
        shared.ledger.grant_sweep(role)
        shared.vault.grant_get(role, SEALED, REVIEW)
        shared.vault.grant_put(role, QUARANTINE, REVIEW, SEALED)
        shared.vault.grant_discard(role, REVIEW, SEALED)
        shared.credentials.grant_read(role)
