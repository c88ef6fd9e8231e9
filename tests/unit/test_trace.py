"""The audit chain: whatever id is known, one call shows the whole history."""

from dataclasses import replace

import pytest

from lambdas.relay.correlation.entries import entries
from lambdas.relay.destinations.correlation import Compensation
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from ops.audit_trail import REQUESTS_MAX, Trace, trace
from tests.unit.batches import NOW_MS, batch_of, sealed, sealed_event
from tests.unit.test_reconcile import Office
from tests.unit.tracked import CONFIRMATION, ENDED, Desk, caused, request


def traced(desk: Desk, name: str) -> Trace:
    return trace(name, desk.world.ledger)


def claimed(desk: Desk, batch: Batch) -> Batch:
    desk.world.table.insert(sealed_item(batch, NOW_MS))
    claim(batch, desk.world.ledger, NOW_MS)
    return batch


def in_conversation(*said: str, conversation: str = "c-7") -> Batch:
    (batch,) = sealed([sealed_event(each, conversation=conversation) for each in said])
    return batch


def test_a_conversation_shows_its_events_and_their_requests() -> None:
    desk = Desk()
    batch = claimed(desk, in_conversation("a", "b"))

    found = traced(desk, "c-7")

    assert [each.identity for each in found.events] == sorted(
        event.identity for event in batch.events
    )
    assert {each.batch_id for each in found.events} == {batch.batch_id}
    assert [each.batch_id for each in found.requests] == [batch.batch_id]
    assert not found.is_partial


@pytest.mark.parametrize("by", ["conversation", "event", "request"])
def test_every_name_of_the_chain_leads_to_the_same_request(by: str) -> None:
    desk = Desk()
    batch = claimed(desk, in_conversation("a", "b"))
    names = {
        "conversation": "c-7",
        "event": f"c-7/{batch.events[0].identity}",
        "request": batch.batch_id,
    }

    found = traced(desk, names[by])

    assert [each.batch_id for each in found.requests] == [batch.batch_id]
    assert batch.events[0].envelope_id in {each.envelope_id for each in found.events}


def test_an_event_without_a_conversation_is_named_by_its_identity() -> None:
    desk = Desk()
    batch = claimed(desk, batch_of("a"))

    found = traced(desk, batch.events[0].identity)

    assert [each.identity for each in found.events] == [batch.events[0].identity]


def test_the_conversation_that_a_request_made_leads_back_to_it() -> None:
    desk = Desk()
    batch = desk.accept(request("c-1"), genesys_id="c-1", context_id="ctx")

    (found,) = traced(desk, "c-1").requests

    assert (found.batch_id, found.genesys_id, found.context_id) == (batch.batch_id, "c-1", "ctx")
    assert found.expected == {"c-1": {}}


def test_times_attempts_and_answers_are_shown_in_their_order() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.end_window(batch)
    desk.genesys.says("agrees")
    desk.end_window(batch)
    desk.hear(batch, caused())

    (found,) = traced(desk, batch.batch_id).requests

    assert found.state == "CONFIRMED"
    told = " / ".join(moment.what for moment in found.moments)
    for part in (
        "sealed",
        "#1 accepted",
        "#1 no event within the window",
        "Genesys has no trace of it",
        "Genesys shows that it took effect",
        "confirmed by conversation:created",
    ):
        assert part in told
        told = told[told.index(part) :]
    assert [m.at_ms for m in found.moments] == sorted(m.at_ms for m in found.moments)


def test_what_is_held_and_why_a_person_is_asked_is_shown() -> None:
    desk = Desk(replace(CONFIRMATION, completed_by=(ENDED,)))
    batch = desk.accept(request())
    desk.hear(batch, caused(ENDED))
    desk.end_hold(batch, after_s=500)

    (found,) = traced(desk, batch.batch_id).requests

    assert found.held == (ENDED,)
    assert "these events never came" in found.reason


def test_a_split_request_leads_to_its_parts_and_they_to_it() -> None:
    desk = Desk()
    whole = claimed(desk, in_conversation("a", "b", "c"))
    first, second = whole.part([0]), whole.part([1, 2])
    key = record_key(whole.batch_id)
    desk.world.table.items[key] = {
        **desk.world.table.items[key],
        "state": "SPLIT",
        "parts": [{"batch_id": first.batch_id}, {"batch_id": second.batch_id}],
    }
    for part in (first, second):
        desk.world.table.insert(sealed_item(part, NOW_MS))

    downwards, upwards = traced(desk, "c-7"), traced(desk, second.batch_id)

    family = {whole.batch_id, first.batch_id, second.batch_id}
    assert {each.batch_id for each in downwards.requests} == family
    assert {each.batch_id for each in upwards.requests} == family
    (found,) = [each for each in upwards.requests if each.batch_id == second.batch_id]
    assert found.parent == whole.batch_id


def test_a_compensated_request_leads_to_its_compensation() -> None:
    compensation = Compensation("DELETE", "/api/v2/conversations/{key}", {})
    office = Office(replace(CONFIRMATION, compensation=compensation))
    batch = office.overdue_request()
    office.genesys.says("differs")
    office.run()

    found = traced(office, batch.batch_id)

    assert len(found.requests) == 2
    assert found.requests[0].compensated_by or found.requests[1].compensated_by


def test_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace reads only what it shows, whatever the table holds."""
    desk = Desk()
    batch = claimed(desk, in_conversation("a", "b"))
    reads: list[str] = []
    monkeypatch.setattr(desk.world.gate, "step", reads.append)

    traced(desk, batch.batch_id)

    assert len(reads) <= 8


def test_an_unknown_name_shows_nothing() -> None:
    found = traced(Desk(), "nobody")

    assert (found.events, found.requests) == ((), ())


def test_a_conversation_of_very_many_requests_is_shown_in_part() -> None:
    desk = Desk()
    for number in range(REQUESTS_MAX + 5):
        batch = in_conversation(f"said {number}")
        desk.world.table.insert(sealed_item(batch, NOW_MS))
        claim(batch, desk.world.ledger, NOW_MS)

    found = traced(desk, "c-7")

    assert len(found.requests) == REQUESTS_MAX
    assert found.is_partial


def test_an_entry_to_a_request_that_expired_is_no_error() -> None:
    desk = Desk()
    for item in entries(request("gone"), CONFIRMATION, NOW_MS):
        desk.world.table.insert(item)

    assert traced(desk, "gone").requests == ()
