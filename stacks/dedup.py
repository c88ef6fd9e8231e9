"""dedup: every event claimed once."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.function import FunctionSettings, relay_function
from stacks.ledger import Ledger
from stacks.queues import Queues, grant_send
from stacks.sqs_source import feed
from stacks.vault import Vault

CONCURRENCY_MAX = 5


class Dedup(Construct):
    """Claims events in the ledger; it never talks to Genesys."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: FunctionSettings,
        queues: Queues,
        ledger: Ledger,
        vault: Vault,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="dedup",
            settings=settings,
            environment={
                "LEDGER_TABLE": ledger.table.table_name,
                **queues.batches.environment(),
                "WRITES_QUEUE_URL": queues.writes.queue.queue_url,
                "CHECKS_QUEUE_URL": queues.checks.queue.queue_url,
                "VAULT_BUCKET": vault.bucket.bucket_name,
            },
        )
        feed(self.function, queues.batches, settings=settings, concurrency_max=CONCURRENCY_MAX)
        grant_send(role, queues.batches.queue, queues.writes.queue, queues.checks.queue)
        ledger.grant(role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem", "Query"])
        vault.grant_put(role, QUARANTINE, REVIEW, SEALED)
        vault.grant_discard(role, REVIEW)
