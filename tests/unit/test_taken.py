"""A dead letter whose request's event has come: nobody is asked, and nothing is sent again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import DAY_S, REDRIVES_MAX
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.messages.sealing import Batch, SealedEvent, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import opening
from lambdas.relay.requests.tracking import accepting
from tests.unit.test_reconcile import Office
from tests.unit.tracked import CONFIRMATION, CREATED, caused, request

ENDED = "conversation:ended"


def buried(office: Office, batch: Batch, **more: Any) -> None:
    """Write opened it and died; its message was redriven as often as that is done. `more` is what
    the record says besides; None: it does not say that."""
    office.open(batch)
    office.world.timeline.advance(DAY_S)
    item = {**office.item(batch), **more}
    key = record_key(batch.batch_id)
    office.world.table.items[key] = {n: each for n, each in item.items() if each is not None}
    office.bury("writes", encode(batch), REDRIVES_MAX)


def run(office: Office, batch: Batch) -> tuple[str, int, int]:
    result = office.run()
    assert not office.world.stored_queue("writes").messages
    return office.state(batch), result.cleared, result.parked


def test_the_event_that_came_in_place_of_the_answer_confirms() -> None:
    office, batch = Office(), request()
    buried(office, batch, heard_at_ms=5, confirmed_by=CREATED)

    assert run(office, batch) == ("CONFIRMED", 1, 0)

    assert (office.left("writes"), review_key(batch.batch_id) in office.world.documents) == (
        0,
        False,
    )
    assert str(Code.HEARD_UNANSWERED()) in str(office.item(batch)["history"])
    assert office.counted("Confirmed") == 1
    assert sealed_key(batch.batch_id) not in office.world.documents


def test_what_else_completes_it_may_still_come() -> None:
    office = Office(replace(CONFIRMATION, completed_by=(ENDED,), follows=(ENDED,)))
    batch = request()
    buried(office, batch, heard_at_ms=5, confirmed_by=CREATED)

    assert run(office, batch) == ("PENDING_EVENT", 1, 0)

    assert office.item(batch)["attention"] == "overdue"
    assert office.world.documents[sealed_key(batch.batch_id)] == encode(batch)
    office.hear(batch, caused(CREATED))
    assert office.hear(batch, caused(ENDED))
    assert office.state(batch) == "CONFIRMED"


@dataclass
class ByItem(Office):
    """Its answers tell of each item alone."""

    def destinations(self) -> dict[str, Destination]:
        known = super().destinations()
        return {n: replace(each, read_results=read_items) for n, each in known.items()}


def read_items(answer: Json, events: Sequence[SealedEvent]) -> Sequence[ItemFailure]:
    return ()


@pytest.mark.parametrize(
    ("items", "more"),
    [
        (1, {}),
        (2, {"heard_at_ms": 5}),
        (1, {"heard_at_ms": 5, "doubt_since_ms": None, "lease_until_ms": 0}),
    ],
    ids=["no event came", "one event, two items", "certainly no attempt took effect"],
)
def test_what_no_event_proves_goes_to_a_person(items: int, more: dict[str, Any]) -> None:
    office, batch = ByItem(), request(items=items)
    buried(office, batch, **more)
    assert run(office, batch) == ("MANUAL_REVIEW", 0, 1)


def test_a_request_under_way_is_left_to_its_attempt() -> None:
    office, batch = Office(), request()
    buried(office, batch, heard_at_ms=5, lease_until_ms=office.now_ms + 2 * DAY_S * 1000)
    assert run(office, batch) == ("OPEN", 0, 0)
    assert office.left("writes") == 1


def test_an_attempt_that_begins_meanwhile_is_not_passed_over() -> None:
    office, batch = Office(), request()
    buried(office, batch, heard_at_ms=5)
    key, table = record_key(batch.batch_id), office.world.table
    seen = Record.of(office.item(batch))
    assert table.change(*key, *opening(office.now_ms, office.now_ms + 9, "another")).applied
    assert not table.change(*key, *accepting(seen, office.now_ms, CONFIRMATION)).applied
