"""The designs that tutorials teach: one function, one table, one key per event.

They are given the best of each part: an identity by content, partial batch responses, the
identity as Idempotency-Key, dead-letter queues, an engineer who redrives twenty times.
"""

from collections.abc import Callable, Sequence

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Delivery
from simulation.functions import Function, Instance
from simulation.rivals.client import NotTaken, PlainClient, Read, read

_Handle = Callable[[Read], None]


def each_record(handle: _Handle) -> Function:
    """Partial batch response: what fails stays."""

    def run(deliveries: Sequence[Delivery], deadline_ms: int) -> list[str]:
        failed = []
        for delivery in deliveries:
            try:
                event = read(delivery.body)
                if event is not None:
                    handle(event)
            except (NotTaken, Transient, ValueError, KeyError, TypeError, RecursionError):
                failed.append(delivery.message_id)
        return failed

    return run


def put_then_process(instance: Instance) -> Function:
    """A conditional put first; whoever succeeds processes the event."""
    client = PlainClient(instance)

    def handle(event: Read) -> None:
        if instance.ledger.insert([{"pk": event.identity, "sk": "K"}])[0].applied:
            client.post([event.item], event.identity)

    return each_record(handle)


def process_then_put(instance: Instance) -> Function:
    """A look-up, the work, then the put."""
    return _process_then_put(instance, lambda event: event.identity, lambda event: event.identity)


def timestamp_key(instance: Instance) -> Function:
    """The same, keyed by conversation and timestamp."""
    return _process_then_put(
        instance, lambda event: f"{event.conversation}#{event.moment}", lambda event: event.identity
    )


def per_attempt_key(instance: Instance) -> Function:
    """The same, with a UUID for each request as its Idempotency-Key."""
    return _process_then_put(
        instance, lambda event: event.identity, lambda event: instance.entropy.token()
    )


def _process_then_put(
    instance: Instance, key_of: Callable[[Read], str], sent_key_of: Callable[[Read], str]
) -> Function:
    client = PlainClient(instance)

    def handle(event: Read) -> None:
        key = key_of(event)
        if instance.ledger.find([(key, "K")])[0] is None:
            client.post([event.item], sent_key_of(event))
            instance.ledger.insert([{"pk": key, "sk": "K"}])

    return each_record(handle)
