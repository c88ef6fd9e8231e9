"""confirm: the events our own writes caused, and the timers that wait for them."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.credentials import Credentials
from stacks.function import FunctionSettings, relay_function
from stacks.genesys_access import GenesysAccess
from stacks.ledger import Ledger
from stacks.queues import Queues, grant_send
from stacks.sqs_source import feed
from stacks.vault import Vault

#: Lambda's minimum; recovery queries share the writers' rate limit.
CONCURRENCY_MAX = 2


class Confirm(Construct):
    """Reads back from Genesys, and sends sealed payloads into work again."""

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
    ) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="confirm",
            settings=settings,
            calls_genesys=True,
            # Its timers: limits.STRETCHES_MAX bounds them, and then a dead letter says so. Lambda
            # would drop them after limits.LAMBDA_LOOP_HOPS_MAX.
            may_send_to_itself=True,
            environment={
                "LEDGER_TABLE": ledger.table.table_name,
                **queues.checks.environment(),
                "WRITES_QUEUE_URL": queues.writes.queue.queue_url,
                "VAULT_BUCKET": vault.bucket.bucket_name,
                **genesys.environment(credentials),
            },
        )
        feed(self.function, queues.checks, settings=settings, concurrency_max=CONCURRENCY_MAX)
        grant_send(role, queues.checks.queue, queues.writes.queue)
        ledger.grant(role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem"])
        vault.grant_get(role, SEALED)
        vault.grant_put(role, QUARANTINE, REVIEW)
        vault.grant_discard(role, REVIEW, SEALED)
        credentials.grant_read(role)
