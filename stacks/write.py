"""write: one message, one request to Genesys."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE, REVIEW, SEALED
from stacks.function import relay_function
from stacks.queues import grant_send
from stacks.shared import Shared
from stacks.sinks import Sinks
from stacks.sqs_source import feed


class Write(Construct):
    """The only function that changes anything in Genesys or in a sink."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        shared: Shared,
        sinks: Sinks,
        concurrency_max: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="write",
            settings=shared.settings,
            calls_genesys=True,
            environment={
                "LEDGER_TABLE": shared.ledger.table.table_name,
                **{
                    name: value
                    for pair in shared.queues.writes
                    for name, value in pair.environment().items()
                },
                "CHECKS_QUEUE_URL": shared.queues.checks.queue.queue_url,
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
                **shared.genesys.environment(shared.credentials),
                **sinks.environment(),
            },
        )
        # Each queue has its own concurrency, so that no lane waits for another's invocations.
        for queue in shared.queues.writes:
            feed(self.function, queue, settings=shared.settings, concurrency_max=concurrency_max)
        writes = (pair.queue for pair in shared.queues.writes)
        grant_send(role, *writes, shared.queues.checks.queue)
        shared.ledger.grant(role, ["BatchGetItem", "PartiQLInsert", "PutItem", "UpdateItem"])
        shared.vault.grant_get(role, REVIEW, SEALED)
        shared.vault.grant_put(role, QUARANTINE, REVIEW, SEALED)
        shared.vault.grant_discard(role, REVIEW, SEALED)
        shared.credentials.grant_read(role)
        sinks.grant(role)
