"""The parts of a split request: recorded before they are sent, sent once, told what is known."""

from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.destinations.correlation import expecting
from lambdas.relay.functions.parts import carry_on, on_record, part, send_parts, unconfigured
from lambdas.relay.kernel.limits import HELD_CHARS_MAX, SEEN_BYTES_MAX
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Done, Later
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import parked_item, sealed_item
from lambdas.relay.review.cases import keep_record_for_review
from lambdas.relay.review.resolution import find
from simulation.memory.sizes import refuse_item
from tests.unit.batches import NOW_MS, batch_of, sealed, sealed_event
from tests.unit.tracked import ASSIGNED, CONFIRMATION, CREATED, Desk, caused, request


def send(desk: Desk, whole: Batch) -> None:
    parts = [part([n], "again", Code.STATUS(503)) for n in range(len(whole.events))]
    send_parts(whole, parts, desk.deps)


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


def test_a_part_that_was_never_worked_on_is_sent_again() -> None:
    desk = Desk()
    whole = desk.open(request())

    send(desk, whole)
    send(desk, whole)

    assert len(sent(desk)) == 2


def test_a_part_that_was_worked_on_is_not() -> None:
    desk = Desk()
    whole = desk.open(request())
    send(desk, whole)
    desk.amend(sent(desk)[0], state="OPEN", attempt=1)

    send(desk, whole)

    assert len(sent(desk)) == 1


def test_a_part_that_a_person_has_without_its_message_gets_it() -> None:
    """Found by the simulation: recorded, its writer died, and it was given up."""
    desk, whole = Desk(), request()
    child = desk.open(whole).part([0])
    desk.world.table.insert(parked_item(child, "MANUAL_REVIEW", NOW_MS, Code.ABANDONED()))
    keep_record_for_review(child.batch_id, Code.ABANDONED(), "", desk.world.vault, NOW_MS)

    send(desk, whole)

    assert sent(desk) == []
    assert find(child.batch_id, desk.world.ledger, desk.world.vault).batch == child


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


def test_the_record_of_a_thousand_refusals_in_japanese_fits() -> None:
    """Found in use: a record of 737 kB could never be settled, and 100 items went out 26 times."""
    names = [f"e{number}" for number in range(1_000)]
    events = [sealed_event(name, conversation="会" * 85) for name in names]
    batches = sealed(events, most_events=1_000)
    assert sum(len(batch.events) for batch in batches) == 1_000

    for batch in batches:
        reason = "この項目は受け付けられません。" * 40
        parts = [part([n], "refused", Code.QUOTED(reason)) for n in range(len(batch.events))]
        record = {
            **sealed_item(batch, NOW_MS),
            **expecting(batch, replace(CONFIRMATION, key="said", shows=("said",))),
            "echoes": {event.identity: batch.batch_id for event in batch.events},
            "history": ["語" * 540] * 20,
            "reason": "語" * 500,
            "held": "x" * HELD_CHARS_MAX,
            "seen": {"x" * (SEEN_BYTES_MAX - 100): 1},
            "parts": on_record(batch, parts),
        }
        refuse_item(record)
        assert {row["batch_id"] for row in record["parts"]} == {
            batch.part([n]).batch_id for n in range(len(batch.events))
        }


def test_a_few_reasons_are_kept_whole() -> None:
    batch = batch_of("a", "b")
    parts = [part([0], "refused", Code.QUOTED("だめ" * 90)), part([1], "again", Code.STATUS(503))]

    assert [row["reason"] for row in on_record(batch, parts)] == [
        str(row) for row in (Code.QUOTED("だめ" * 90), Code.STATUS(503))
    ]


def test_a_split_request_whose_destination_is_gone_sends_its_parts_on() -> None:
    """Found by the simulation: it went round for 48 days, 8,800 attempts, and never to a person."""
    desk = Desk()
    whole = desk.open(request(items=2))
    rows = on_record(
        whole, [part([0], "again", Code.QUOTED("503")), part([1], "refused", Code.QUOTED("no"))]
    )
    desk.amend(whole, state="SPLIT", parts=rows)
    deps = replace(desk.deps, destinations={})

    assert unconfigured(whole, deps) == Done()

    assert [batch.batch_id for batch in sent(desk)] == [rows[0]["batch_id"]]
    assert desk.world.table.items[record_key(rows[1]["batch_id"])]["state"] == "REJECTED"


@pytest.mark.parametrize("kept", [[0], [1], [1, 2]])
def test_a_message_without_some_of_the_events_sends_the_parts_that_it_has(kept: list[int]) -> None:
    """Found by the simulation: dedup, after a restore, had left an event out of the second message
    of a batch, and reconcile gave this message to a person as one that cannot be read."""
    desk = Desk()
    whole = desk.open(request(items=3))
    rows = on_record(whole, [part([n], "again", Code.STATUS(503)) for n in range(3)])
    desk.amend(whole, state="SPLIT", parts=rows, attention="overdue")
    message = replace(whole, events=tuple(whole.events[n] for n in kept))

    carry_on(message, rows, desk.deps)

    # Where an event is missing at the front, the others are not where the record says.
    there = [n for n in range(3) if message.events[n : n + 1] == whole.events[n : n + 1]]
    assert [batch.batch_id for batch in sent(desk)] == [rows[n]["batch_id"] for n in there]
    assert desk.world.table.items[record_key(whole.batch_id)]["attention"] == "overdue"


@pytest.mark.parametrize("state", ["DONE", "CONFIRMED", "REJECTED", "MANUAL_REVIEW", "DISCARDED"])
def test_what_has_been_settled_needs_no_destination(state: str) -> None:
    desk = Desk()
    whole = desk.open(request())
    desk.amend(whole, state=state)
    deps = replace(desk.deps, destinations={})

    assert unconfigured(whole, deps) == Done()


def test_what_is_to_be_sent_waits_for_its_destination() -> None:
    desk = Desk()
    whole = desk.open(request())
    deps = replace(desk.deps, destinations={})

    waiting = unconfigured(whole, deps)

    assert isinstance(waiting, Later)
    assert waiting.reason.code is Code.NO_DESTINATION
