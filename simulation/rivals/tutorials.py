"""The designs that tutorials teach: one function, one table, one key per event.

They are given the best of each part: an identity by content, partial batch responses, the
identity as Idempotency-Key, dead-letter queues, an engineer who redrives twenty times.
"""

from collections.abc import Callable, Sequence

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Delivery
from simulation.functions import Function, Instance
from simulation.rivals.client import NotTaken, PlainClient, Told, read

_Handle = Callable[[Told], None]


def each_record(handle: _Handle) -> Function:
    """Partial batch response: what fails stays."""

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        failed = []
        for delivery in deliveries:
            try:
                told = read(delivery.body)
                if told is not None:
                    handle(told)
            except (NotTaken, Transient, ValueError, KeyError, TypeError, RecursionError):
                failed.append(delivery.message_id)
        return failed

    return run


def put_then_process(instance: Instance) -> Function:
    """A conditional put first; who succeeds, processes."""
    client = PlainClient(instance)

    def handle(told: Told) -> None:
        if instance.ledger.insert([{"pk": told.identity, "sk": "K"}])[0].applied:
            client.post([told.item], told.identity)

    return each_record(handle)


def process_then_put(instance: Instance) -> Function:
    """A look, the work, then the put."""
    return _process_then_put(instance, lambda told: told.identity, lambda told: told.identity)


def timestamp_key(instance: Instance) -> Function:
    """The same, keyed by conversation and timestamp."""
    return _process_then_put(
        instance, lambda told: f"{told.conversation}#{told.moment}", lambda told: told.identity
    )


def per_attempt_key(instance: Instance) -> Function:
    """The same, with a UUID for each request as its Idempotency-Key."""
    return _process_then_put(
        instance, lambda told: told.identity, lambda told: instance.entropy.token()
    )


def _process_then_put(
    instance: Instance, key_of: Callable[[Told], str], sent_key_of: Callable[[Told], str]
) -> Function:
    client = PlainClient(instance)

    def handle(told: Told) -> None:
        key = key_of(told)
        if instance.ledger.find([(key, "K")])[0] is None:
            client.post([told.item], sent_key_of(told))
            instance.ledger.insert([{"pk": key, "sk": "K"}])

    return each_record(handle)
