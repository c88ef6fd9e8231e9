"""write: one message, one request to Genesys."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.credentials import Credentials
from stacks.function import FunctionSettings, relay_function
from stacks.genesys_access import GenesysAccess
from stacks.ledger import Ledger
from stacks.queues import Queues, grant_send
from stacks.sqs_source import feed
from stacks.vault import Vault


class Write(Construct):
    """The only function that changes anything in Genesys."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: FunctionSettings,
        queues: Queues,
        ledger: Ledger,
        vault: Vault,
        credentials: Credentials,
        genesys: GenesysAccess,
        concurrency_max: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="write",
            settings=settings,
            calls_genesys=True,
            environment={
                "LEDGER_TABLE": ledger.table.table_name,
                **queues.writes.environment(),
                "CHECKS_QUEUE_URL": queues.checks.queue.queue_url,
                "VAULT_BUCKET": vault.bucket.bucket_name,
                **genesys.environment(credentials),
            },
        )
        feed(self.function, queues.writes, settings=settings, concurrency_max=concurrency_max)
        grant_send(role, queues.writes.queue, queues.checks.queue)
        ledger.grant(role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem"])
        vault.grant_put(role, QUARANTINE, REVIEW, SEALED)
        vault.grant_get(role, SEALED)
        vault.grant_discard(role, REVIEW, SEALED)
        credentials.grant_read(role)
