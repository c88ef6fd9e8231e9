"""intake: events in, sealed batches out."""

from constructs import Construct

from lambdas.relay.kernel.vault_keys import QUARANTINE
from stacks.filling import INTAKE_CONCURRENCY, LINGER_MAX_S
from stacks.function import relay_function
from stacks.queues import grant_send
from stacks.shared import Shared
from stacks.sqs_source import feed

#: It parses and holds up to 500 events at once; Lambda's CPU share grows with the memory.
MEMORY_MB = 512


class Intake(Construct):
    """Stateless: it needs no ledger, and no secret but the key for personal names."""

    def __init__(
        self, scope: Construct, construct_id: str, *, shared: Shared, linger_s: int
    ) -> None:
        """`linger_s`: how long events wait for others, as far as the timing allows."""
        super().__init__(scope, construct_id)
        self.function, role = relay_function(
            self,
            verb="intake",
            settings=shared.settings,
            memory_mb=MEMORY_MB,
            environment={
                **shared.queues.events.environment(),
                "BATCHES_QUEUE_URL": shared.queues.batches.queue.queue_url,
                "VAULT_BUCKET": shared.vault.bucket.bucket_name,
                **shared.personal_key.environment(),
            },
        )
        feed(
            self.function,
            shared.queues.events,
            settings=shared.settings,
            # Few: simultaneous events should fill a few batches instead of starting many.
            concurrency_max=INTAKE_CONCURRENCY,
            batching_window_s=min(linger_s, LINGER_MAX_S[shared.settings.timing]),
        )
        grant_send(role, shared.queues.batches.queue)
        shared.vault.grant_put(role, QUARANTINE)
        shared.personal_key.grant_read(role)
