"""dedup: claims every event once."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.function import relay_function
from stacks.queues import grant_send
from stacks.shared import Shared
from stacks.sqs_source import feed

CONCURRENCY_MAX = 5


class Dedup(Construct):
    """Claims events in the ledger; it never calls Genesys."""

    def __init__(self, scope: Construct, construct_id: str, *, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="dedup",
            settings=shared.settings,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                **shared.queues.batches.environment(),
                **shared.queues.writes_addresses(),
                "CHECKS_QUEUE_URL": shared.queues.checks.queue.queue_url,
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
            },
        )
        feed(
            self.function,
            shared.queues.batches,
            settings=shared.settings,
            concurrency_max=CONCURRENCY_MAX,
        )
        grant_send(
            role,
            shared.queues.batches.queue,
            shared.queues.checks.queue,
            *(pair.queue for pair in shared.queues.writes),
        )
        shared.ledger.grant(
            role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem", "Query"]
        )
        shared.vault.grant_get(role, REVIEW, SEALED)
        shared.vault.grant_put(role, QUARANTINE, REVIEW, SEALED)
        shared.vault.grant_discard(role, REVIEW, SEALED)
