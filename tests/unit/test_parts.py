"""The parts of a split request: recorded before they are sent, sent once, told what is known."""

from dataclasses import dataclass
from typing import Any

from lambdas.relay.deliveries import Post
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.parts import part, send_parts
from lambdas.relay.ports import Ledger, Queue
from lambdas.relay.sealing import Batch, decode
from tests.unit.tracked import ASSIGNED, CREATED, Desk, caused, request


@dataclass(frozen=True)
class Needs:
    post: Post
    ledger: Ledger
    writes: Queue
    destinations: dict[str, Destination]


def send(desk: Desk, whole: Batch) -> None:
    world = desk.world
    needs = Needs(
        world.post("writes"),
        world.ledger,
        world.queue("writes"),
        desk.destinations(),
    )
    send_parts(whole, [part([n], "again", "503") for n in range(len(whole.events))], needs)


def sent(desk: Desk) -> list[Batch]:
    return [decode(body) for body in desk.world.bodies("writes")]


def heard(item: Any) -> list[str]:
    return [row["detail_type"] for row in item["held"]] if "held" in item else []


def test_a_part_is_on_record_and_on_its_way() -> None:
    desk = Desk()
    whole = desk.open(request(items=2))

    send(desk, whole)

    assert [batch.batch_id for batch in sent(desk)] == [whole.part([n]).batch_id for n in (0, 1)]
    assert {desk.state(batch) for batch in sent(desk)} == {"SEALED"}


def test_a_part_whose_message_was_never_seen_at_work_is_sent_again() -> None:
    desk = Desk()
    whole = desk.open(request())

    send(desk, whole)
    send(desk, whole)

    assert len(sent(desk)) == 2


def test_a_part_that_has_been_at_work_is_not() -> None:
    desk = Desk()
    whole = desk.open(request())
    send(desk, whole)
    desk.amend(sent(desk)[0], state="OPEN", attempt=1)

    send(desk, whole)

    assert len(sent(desk)) == 1


def test_a_part_knows_what_its_whole_has_heard() -> None:
    """Found by the simulation: an early event was held in a record that waited for nothing more."""
    desk = Desk()
    whole = desk.open(request())
    desk.hear(whole, caused(ASSIGNED, sequence=2))

    send(desk, whole)
    (child,) = sent(desk)
    assert heard(desk.item(child)) == [ASSIGNED]

    desk.hear(child, caused(CREATED, sequence=1))
    assert heard(desk.item(child)) == []


def test_of_several_items_nobody_can_say_whose_it_is() -> None:
    desk = Desk()
    whole = desk.open(request(items=2))
    desk.hear(whole, caused())

    send(desk, whole)

    assert [desk.item(batch).get("heard_at_ms") for batch in sent(desk)] == [None, None]
