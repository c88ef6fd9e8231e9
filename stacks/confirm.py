"""confirm: handles the events that our own requests caused, and the timers that wait for them."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.function import relay_function
from stacks.queues import grant_send
from stacks.shared import Shared
from stacks.sqs_source import feed

#: Lambda's minimum; recovery queries share the writers' rate limit.
CONCURRENCY_MAX = 2


class Confirm(Construct):
    """Queries Genesys for the truth, and queues sealed batches again."""

    def __init__(self, scope: Construct, construct_id: str, *, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="confirm",
            settings=shared.settings,
            calls_genesys=True,
            # Allowed because timers return to this queue: limits.STRETCHES_MAX bounds them, then a
            # dead letter reports it. Lambda would drop them after limits.LAMBDA_LOOP_HOPS_MAX.
            may_send_to_itself=True,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                **shared.queues.checks.environment(),
                **shared.queues.writes_addresses(),
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
                **shared.genesys.environment(shared.credentials),
            },
        )
        feed(
            self.function,
            shared.queues.checks,
            settings=shared.settings,
            concurrency_max=CONCURRENCY_MAX,
        )
        grant_send(
            role,
            shared.queues.checks.queue,
            *(pair.queue for pair in shared.queues.writes),
        )
        shared.ledger.grant(role, ["BatchGetItem", "PutItem", "UpdateItem"])
        shared.vault.grant_get(role, REVIEW, SEALED)
        shared.vault.grant_put(role, QUARANTINE, REVIEW)
        shared.vault.grant_discard(role, REVIEW, SEALED)
        shared.credentials.grant_read(role)
