"""What the relay relies on in a queue, in every world that offers one."""

from typing import Any

import pytest

from lambdas.adapters.queues import SqsQueue, groups
from lambdas.relay.kernel.errors import Impossible, Transient
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing, Queue
from tests.contract.service import Service
from tests.contract.worlds import World


@pytest.fixture
def queue(world: World) -> Queue:
    return world.queue()


#: longer than `drained` takes to find nothing: three long polls
HIDDEN_S = 5


def drained(queue: Queue, least: int = 0) -> list[Delivery]:
    """Everything that can be received now; a receive may find fewer than there are."""
    deliveries: list[Delivery] = []
    empty = 0
    while empty < 3 and (not least or len(deliveries) < least):
        arrived = queue.receive(10)
        deliveries += arrived
        empty = 0 if arrived else empty + 1
    return deliveries


def test_what_was_sent_is_received_verbatim(world: World, queue: Queue) -> None:
    body = '{"said":"¿qué? \u2028 \U0001f600","n":1}\n\t'
    queue.send([Outgoing(body, {"kind": "event", "batch": "b-1"})])

    (delivery,) = drained(queue)

    assert delivery.body == body
    assert delivery.attributes == {"kind": "event", "batch": "b-1"}
    assert delivery.receives == 1
    assert abs(delivery.sent_at_ms - world.now_ms()) < 60_000


def test_any_number_of_messages_is_sent(queue: Queue) -> None:
    queue.send([Outgoing(f"body {n}") for n in range(34)])

    assert sorted(d.body for d in drained(queue)) == sorted(f"body {n}" for n in range(34))


def test_sending_nothing_does_nothing(queue: Queue) -> None:
    queue.send([])

    assert drained(queue) == []


def test_a_large_message_and_its_neighbours_are_sent(queue: Queue) -> None:
    """Together they are larger than one call to SQS may be."""
    large = "x" * (SQS_MESSAGE_BYTES_MAX - 200_000)
    queue.send([Outgoing("first"), Outgoing(large), Outgoing(large), Outgoing("last")])

    sizes = sorted(len(d.body) for d in drained(queue, least=4))
    assert sizes == [4, 5, len(large), len(large)]


def test_a_message_that_is_too_large_is_impossible_and_its_neighbours_are_untouched(
    queue: Queue,
) -> None:
    large = "x" * (SQS_MESSAGE_BYTES_MAX - 10)
    with pytest.raises(Impossible):
        queue.send([Outgoing("first"), Outgoing(large, {"reason": "why"})])

    queue.send([Outgoing("first")])
    assert [d.body for d in drained(queue, least=1)] == ["first"]


def test_an_attribute_without_a_value_is_left_out(queue: Queue) -> None:
    queue.send([Outgoing("body", {"conversation": "", "topic": "t"})])

    assert drained(queue)[0].attributes == {"topic": "t"}


def test_a_received_message_is_hidden_until_it_comes_back(world: World, queue: Queue) -> None:
    queue.send([Outgoing("body")])
    (first,) = drained(queue)
    assert drained(queue) == []

    queue.change_visibility(first, HIDDEN_S)
    assert drained(queue) == []
    world.wait(HIDDEN_S + 0.3)

    (again,) = drained(queue, least=1)
    assert (again.message_id, again.body, again.receives) == (first.message_id, "body", 2)


def test_a_message_hidden_for_no_time_is_there_at_once(queue: Queue) -> None:
    queue.send([Outgoing("body")])
    queue.change_visibility(drained(queue)[0], 0)

    assert [d.body for d in drained(queue, least=1)] == ["body"]


def test_a_deleted_message_never_comes_back(world: World, queue: Queue) -> None:
    queue.send([Outgoing("gone"), Outgoing("kept")])
    for delivery in drained(queue):
        queue.change_visibility(delivery, 1)
        if delivery.body == "gone":
            queue.delete(delivery)
    world.wait(HIDDEN_S + 0.3)

    assert [d.body for d in drained(queue, least=1)] == ["kept"]


def test_a_delayed_message_comes_later(world: World, queue: Queue) -> None:
    queue.send([Outgoing("timer", {"kind": "window"}, delay_s=HIDDEN_S), Outgoing("now")])
    assert [d.body for d in drained(queue)] == ["now"]

    world.wait(HIDDEN_S + 0.3)

    assert [d.body for d in drained(queue, least=1)] == ["timer"]


# Only where there is an AWS client between


class Client:
    """An SQS client that takes all but the last message of each call."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, object]]) -> object:
        self.entries += Entries
        return {"Failed": [{"Id": Entries[-1]["Id"], "Code": "InternalError"}]}


def test_messages_that_sqs_did_not_take_are_never_forgotten() -> None:
    with pytest.raises(Transient, match=r"1 messages not accepted \(InternalError\)"):
        SqsQueue(Client(), "url").send([Outgoing("a"), Outgoing("b")])  # type: ignore[arg-type]


class Strict(Client):
    """One that objects to a message's contents."""

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, object]]) -> object:
        return {"Failed": [{"Id": "0", "Code": "InvalidMessageContents", "SenderFault": True}]}


def test_a_message_that_sqs_objects_to_is_impossible() -> None:
    with pytest.raises(Impossible, match="InvalidMessageContents"):
        SqsQueue(Strict(), "url").send([Outgoing("a")])  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["a\x00b", "a\x1fb", "a\ud800b", "a\uffffb"])
def test_attributes_hold_no_character_that_sqs_refuses(value: str) -> None:
    """One such value would stop all messages of a call from ever being sent."""
    client = Client()
    with pytest.raises(Transient):
        SqsQueue(client, "url").send([Outgoing("a", {"reason": value})])  # type: ignore[arg-type]

    assert "'StringValue': 'a\ufffdb'" in str(client.entries)


def test_a_message_that_is_to_come_back_at_once_is_hidden_for_no_second() -> None:
    service: Any = Service(change_message_visibility={})
    SqsQueue(service, "url").change_visibility(Delivery("m", "r", "b", 1, 0), 0)

    ((_, asked),) = service.asked
    assert asked["VisibilityTimeout"] == 0


def test_a_message_of_exactly_the_largest_size_is_sent() -> None:
    service: Any = Service(send_message_batch={})
    SqsQueue(service, "url").send([Outgoing("x" * SQS_MESSAGE_BYTES_MAX)])

    assert len(service.asked) == 1


def test_a_call_is_filled_to_the_byte_and_the_next_one_begins_empty() -> None:
    most = SQS_MESSAGE_BYTES_MAX
    sizes = [most - 1, 1, most - 1, 1, 1]

    assert list(groups(sizes, lambda size: size)) == [[most - 1, 1], [most - 1, 1], [1]]


def test_a_message_has_at_most_ten_attributes() -> None:
    service: Any = Service(send_message_batch={})
    SqsQueue(service, "url").send([Outgoing("x", {f"n{number}": "v" for number in range(12)})])

    ((_, asked),) = service.asked
    assert len(asked["Entries"][0]["MessageAttributes"]) == 10
