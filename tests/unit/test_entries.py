"""Entries: what is read to find out who caused an event, however old its conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from lambdas.relay.correlation.entries import entries
from lambdas.relay.correlation.loop_guard import guard
from lambdas.relay.destinations.correlation import CANDIDATES, Confirmation
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.ports import Change, Guard, Item, Ledger, Written
from lambdas.relay.messages.sealing import Batch, SealedEvent, seal
from lambdas.relay.requests.record import record_key
from tests.unit.batches import sealed_event
from tests.unit.kinds import section
from tests.unit.simulated import Simulated, configuration, envelope
from tests.unit.tracked import CONFIRMATION, CREATED, TARGET, Desk, caused

#: so many of the lasting ones are read, and the record of each
LASTING_COST_MAX = 2 * 50

AROUND = replace(CONFIRMATION, owned=False, follows=())
OWNED = replace(CONFIRMATION, owned=True)


@dataclass
class Reads:
    """A ledger that counts the items that it gives."""

    inner: Ledger
    items: int = 0

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        found = self.inner.of(pk, begins, before, newest)
        self.items += len(found)
        return found

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        self.items += len(keys)
        return self.inner.find(keys)

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        return self.inner.change(pk, sk, guard, change)


def arrived(event: SealedEvent) -> Batch:
    sealing = {"now_ms": event.accepted_at_ms, "most_events": 1, "most_bytes": 100_000}
    (batch,) = seal(CANDIDATES, [event], nonce="arrived", **sealing)
    return batch


def sent(desk: Desk, number: int) -> Batch:
    """One of many requests that concern one conversation."""
    one = sealed_event(f"e{number}", item=canonical({"conversationId": "c-1"}))
    sealing = {"now_ms": desk.now_ms, "most_events": 1, "most_bytes": 100_000}
    (batch,) = seal(TARGET, [one], nonce=f"n{number}", **sealing)
    return desk.accept(batch)


def heard(
    desk: Desk, said: str, at_ms: int, confirmation: Confirmation = AROUND
) -> tuple[str, int]:
    """The request that an event of that moment leads to, and how many items were read for it."""
    facts = canonical([CREATED, "", "", None, at_ms, {}])
    it = replace(caused(said=said), facts=facts, accepted_at_ms=at_ms)
    reads = Reads(desk.world.ledger)
    known = {"calls": confirmation}
    found = guard(arrived(it), cast(Ledger, reads), known, desk.now_ms, 0)
    return found.echoes.get(it.identity, ""), reads.items


@pytest.mark.parametrize("are_heard", [True, False], ids=["each was heard of", "none was"])
def test_what_an_event_costs_does_not_grow_with_a_conversations_age(are_heard: bool) -> None:
    desk = Desk(AROUND)
    costs = []
    for number in range(60):
        batch = sent(desk, number)
        if are_heard or number in (10, 59):
            request_of, read = heard(desk, f"its event {number}", desk.now_ms + 500)
            assert request_of == batch.batch_id
            costs.append(read)
        desk.world.timeline.advance(2 * 3_600)
    assert costs[-1] == costs[0]


@pytest.mark.parametrize("are_heard", [True, False], ids=["each was heard of", "none was"])
def test_nor_does_it_if_all_that_becomes_of_the_key_is_our_doing(are_heard: bool) -> None:
    desk = Desk(OWNED)
    costs = []
    for number in range(110):
        batch = sent(desk, number)
        if are_heard or number in (60, 109):
            request_of, read = heard(desk, f"its event {number}", desk.now_ms + 500, OWNED)
            assert not are_heard or request_of == batch.batch_id
            assert request_of, "all that becomes of it is our doing"
            costs.append(read)
        desk.world.timeline.advance(10)
    assert max(costs) <= LASTING_COST_MAX
    assert costs[-1] == costs[len(costs) // 2]


def test_an_event_that_comes_days_late_is_known_by_its_own_moment() -> None:
    desk = Desk(AROUND)
    batch, then_ms = sent(desk, 1), desk.now_ms
    desk.world.timeline.advance(4 * 86_400)
    sent(desk, 2)
    assert heard(desk, "late", then_ms + 500)[0] == batch.batch_id
    assert heard(desk, "late", then_ms + 500)[0] == batch.batch_id
    assert heard(desk, "another", then_ms + 600)[0] == ""


def test_two_attempts_of_one_request_await_one_event() -> None:
    desk = Desk(AROUND)
    batch = sent(desk, 1)
    desk.world.timeline.advance(60)
    for entry in entries(batch, AROUND, desk.now_ms, sent_at_ms=desk.now_ms):
        desk.world.table.insert(entry)
    assert heard(desk, "first", desk.now_ms + 500)[0] == batch.batch_id
    assert heard(desk, "second", desk.now_ms + 600)[0] == ""


def test_an_entry_of_the_previous_release_has_no_time_and_is_known() -> None:
    desk = Desk(AROUND)
    batch = sent(desk, 1)
    (timed,) = (key for key in desk.world.table.items if key[0] == "M#conversation#c-1")
    former = {**desk.world.table.items.pop(timed), "sk": batch.batch_id}
    desk.world.table.insert(former)
    assert heard(desk, "its event", desk.now_ms + 500)[0] == batch.batch_id


def test_before_it_is_sent_a_request_can_be_found_by_what_it_concerns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Simulated(configuration(section("participant-attributes")))
    batch = world.batch([envelope(1)])
    (owner,) = {event.conversation_id for event in batch.events}
    found: list[str] = []
    send = world.http.send

    def looking(*request: Any) -> Any:
        found.extend(item["sk"] for item in world.ledger.of(f"M#conversation#{owner}"))
        return send(*request)

    monkeypatch.setattr(world.http, "send", looking)
    world.write_once()

    assert world.state(batch) == "PENDING_EVENT"
    assert {sk.rpartition("#")[2] for sk in found} == {batch.batch_id}
    assert "expires_at" not in world.table.items[record_key(batch.batch_id)]
