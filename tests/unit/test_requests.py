"""The record of a request: every transition starts from the states where it may, and no others."""

from dataclasses import replace

import pytest

from lambdas.relay.kernel.limits import CLAIM_TTL_S, OVERDUE_S
from lambdas.relay.kernel.ports import Item, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.record import HISTORY_MAX, Record, record_key
from lambdas.relay.requests.resolving import concluding
from lambdas.relay.requests.sending import (
    Opened,
    emptying,
    opened,
    opening,
    parking,
    releasing,
    reposting,
    sealed_item,
    settled,
    settling,
)
from lambdas.relay.requests.states import FINAL, PARKED, SETTLED, State
from simulation.memory.table import Table
from tests.unit.batches import NOW_MS, batch_of

BATCH = batch_of("a", "b")
LEASE_MS = 100_000
#: SPLIT is one only when its parts are on their way
FINAL_STATES: list[State] = sorted(FINAL - {"SPLIT"})
PARKED_STATES: list[State] = sorted(PARKED)


class Desk:
    """One record in a table, and what functions do to it."""

    def __init__(self) -> None:
        self.table = Table()
        self.table.insert(sealed_item(BATCH, NOW_MS))
        self.key = record_key(BATCH.batch_id)

    @property
    def item(self) -> Item:
        return self.table.items[self.key]

    @property
    def record(self) -> Record:
        return Record.of(self.item)

    def open(self, now_ms: int, holder: str) -> Opened | None:
        written = self.table.change(*self.key, *opening(now_ms, now_ms + LEASE_MS, holder))
        return opened(written, BATCH.batch_id, holder, now_ms)

    def opened(self, now_ms: int = NOW_MS, holder: str = "me") -> Opened:
        lease = self.open(now_ms, holder)
        assert lease is not None
        return lease

    def settle(self, lease: Opened, state: State, now_ms: int = NOW_MS + 1) -> Written:
        return self.table.change(*self.key, *settling(lease, state, now_ms, Code.QUOTED("a note")))

    def release(self, lease: Opened) -> Written:
        return self.table.change(*self.key, *releasing(lease, NOW_MS + 1, Code.QUOTED("429")))


# Sealed


def test_a_sealed_record_is_on_the_list_of_the_overdue_from_the_beginning() -> None:
    item = Desk().item

    assert (item["state"], item["attempt"]) == ("SEALED", 0)
    assert item["attention"] == "overdue"
    assert item["due_at"] == NOW_MS // 1000 + OVERDUE_S
    assert "expires_at" not in item


def test_a_record_lists_its_events_by_owner_and_identity() -> None:
    assert Record.of(Desk().item).events == tuple(
        f"{event.owner}/{event.identity}" for event in BATCH.events
    )


def test_an_identity_that_is_its_own_owner_is_listed_once() -> None:
    alone = replace(BATCH.events[0], conversation_id="", content="")
    item = sealed_item(replace(BATCH, events=(alone,)), NOW_MS)

    assert item["events"] == [alone.identity]
    assert Record.of(item).events == (f"{alone.identity}/{alone.identity}",)
    assert Record.of({**item, "events": list(Record.of(item).events)}).events == (
        f"{alone.identity}/{alone.identity}",
    )


# Opening


def test_opening_gives_the_lease_and_begins_the_doubt() -> None:
    desk = Desk()

    lease = desk.opened()

    assert (lease.attempt, lease.holder, lease.doubt_since_ms) == (1, "me", None)
    assert desk.record.state == "OPEN"
    assert desk.record.lease_until_ms == NOW_MS + LEASE_MS
    assert desk.record.doubt_since_ms == NOW_MS


def test_nobody_else_opens_while_the_lease_runs() -> None:
    desk = Desk()
    desk.opened()

    assert desk.open(NOW_MS + LEASE_MS - 1, "another") is None
    assert desk.open(NOW_MS + LEASE_MS, "another") is None
    assert desk.record.holder == "me"


def test_a_lease_that_ran_out_is_taken_over_in_doubt() -> None:
    """A crash, a timeout and a lost answer are one case."""
    desk = Desk()
    desk.opened()

    lease = desk.open(NOW_MS + LEASE_MS + 1, "another")

    assert lease is not None
    assert (lease.attempt, lease.doubt_since_ms, lease.failures) == (2, NOW_MS, 1)


def test_the_oldest_doubt_is_kept() -> None:
    """R4: a key's protection is counted from the first attempt that may have taken effect."""
    desk = Desk()
    desk.opened()
    desk.open(NOW_MS + LEASE_MS + 1, "second")

    lease = desk.open(NOW_MS + 2 * LEASE_MS + 2, "third")

    assert lease is not None
    assert lease.doubt_since_ms == NOW_MS


def test_an_opening_that_meets_its_own_write_has_the_lease() -> None:
    """The SDK repeated an update whose answer was lost; the guard refuses it, by its own lease."""
    desk = Desk()
    guard, change = opening(NOW_MS, NOW_MS + LEASE_MS, "me")
    desk.table.change(*desk.key, guard, change)
    again = desk.table.change(*desk.key, guard, change)
    assert not again.applied

    lease = opened(again, BATCH.batch_id, "me", NOW_MS)

    assert lease is not None
    assert (lease.attempt, lease.doubt_since_ms) == (1, None)
    assert desk.record.attempt == 1


def test_an_opening_that_meets_its_own_write_keeps_an_earlier_doubt() -> None:
    desk = Desk()
    desk.opened()
    later_ms = NOW_MS + LEASE_MS + 1
    guard, change = opening(later_ms, later_ms + LEASE_MS, "second")
    desk.table.change(*desk.key, guard, change)

    lease = opened(desk.table.change(*desk.key, guard, change), BATCH.batch_id, "second", later_ms)

    assert lease is not None
    assert (lease.attempt, lease.doubt_since_ms) == (2, NOW_MS)


def test_without_a_record_nothing_opens() -> None:
    written = Table().change(*record_key(BATCH.batch_id), *opening(NOW_MS, NOW_MS + 1, "me"))

    assert opened(written, BATCH.batch_id, "me", NOW_MS) is None


@pytest.mark.parametrize("state", sorted((SETTLED | FINAL | PARKED) - {"EMPTY", "RECONCILED"}))
def test_what_is_settled_never_opens_again(state: State) -> None:
    desk = Desk()
    desk.table.items[desk.key] = {**desk.item, "state": state}

    assert desk.open(NOW_MS + 10 * LEASE_MS, "late") is None
    assert desk.record.state == state


# Settling


@pytest.mark.parametrize("state", FINAL_STATES)
def test_a_final_record_expires_and_needs_nobody(state: State) -> None:
    """R6: only final records expire."""
    desk = Desk()
    desk.settle(desk.opened(), state)

    assert desk.item["expires_at"] == (NOW_MS + 1) // 1000 + CLAIM_TTL_S
    assert "attention" not in desk.item
    assert "due_at" not in desk.item
    assert desk.record.doubt_since_ms is None


def test_a_split_record_stays_on_the_list_until_its_parts_are_on_their_way() -> None:
    desk = Desk()
    desk.settle(desk.opened(), "SPLIT")
    assert desk.item["attention"] == "overdue"
    assert "expires_at" not in desk.item

    desk.table.change(*record_key(BATCH.batch_id), *concluding(NOW_MS))

    assert desk.item["expires_at"] == NOW_MS // 1000 + CLAIM_TTL_S
    assert "attention" not in desk.item


@pytest.mark.parametrize("state", PARKED_STATES)
def test_a_parked_record_never_expires_and_waits_for_a_person(state: State) -> None:
    """R6."""
    desk = Desk()
    desk.settle(desk.opened(), state)

    assert "expires_at" not in desk.item
    assert desk.item["attention"] == "review"
    assert desk.item["reason"] == "a note"


def test_a_parked_record_keeps_its_doubt_for_the_person() -> None:
    desk = Desk()
    desk.settle(desk.opened(), "MANUAL_REVIEW")

    assert desk.record.doubt_since_ms == NOW_MS


def test_an_awaited_event_keeps_its_request_on_the_list() -> None:
    """R6: unfinished, so no expiry."""
    desk = Desk()
    desk.settle(desk.opened(), "PENDING_EVENT")

    assert "expires_at" not in desk.item
    assert desk.item["attention"] == "overdue"


def test_only_the_holder_of_the_attempt_settles() -> None:
    desk = Desk()
    slow = desk.opened(holder="slow")
    quick = desk.opened(NOW_MS + LEASE_MS + 1, "quick")

    late = desk.settle(slow, "DONE")

    assert not settled(late, slow, "DONE")
    assert desk.record.state == "OPEN"
    assert settled(desk.settle(quick, "DONE"), quick, "DONE")


def test_a_settling_that_meets_its_own_write_is_settled() -> None:
    desk = Desk()
    lease = desk.opened()
    desk.settle(lease, "DONE")
    again = desk.settle(lease, "DONE")
    assert not again.applied

    assert settled(again, lease, "DONE")
    assert not settled(again, lease, "REJECTED")


def test_a_settling_without_a_record_is_not_settled() -> None:
    lease = Desk().opened()

    assert not settled(Written(applied=False, before=None), lease, "DONE")


def test_the_history_says_how_each_attempt_ended_and_is_bounded() -> None:
    desk = Desk()
    for number in range(HISTORY_MAX + 5):
        desk.release(desk.opened(NOW_MS + number, f"holder {number}"))

    assert len(desk.record.history) == HISTORY_MAX
    assert desk.record.history[-1] == f"{NOW_MS + 1} #{HISTORY_MAX + 5} 429"


# Releasing


def test_an_attempt_without_effect_gives_the_lease_back_and_leaves_no_doubt() -> None:
    desk = Desk()
    desk.release(desk.opened())

    assert desk.record.doubt_since_ms is None
    lease = desk.opened(NOW_MS + 2, "next")
    assert (lease.doubt_since_ms, lease.failures, lease.deferred) == (None, 0, 1)


def test_an_attempt_without_effect_does_not_clear_an_earlier_doubt() -> None:
    """R2: a 429 or a 401 says nothing about the attempt before it."""
    desk = Desk()
    desk.opened()
    second = desk.opened(NOW_MS + LEASE_MS + 1, "second")

    desk.release(second)

    assert desk.record.doubt_since_ms == NOW_MS
    third = desk.opened(NOW_MS + LEASE_MS + 2, "third")
    assert (third.doubt_since_ms, third.failures) == (NOW_MS, 1)


def test_waiting_counts_as_no_failure() -> None:
    desk = Desk()
    for number in range(30):
        desk.release(desk.opened(NOW_MS + number, f"holder {number}"))

    assert desk.opened(NOW_MS + 30, "last").failures == 0


def test_a_lease_is_given_back_once_however_often_the_sdk_says_so() -> None:
    """Counted twice, an attempt without effect would hide one whose outcome nobody knows."""
    desk = Desk()
    desk.opened()
    second = desk.opened(NOW_MS + LEASE_MS + 1, "second")

    assert desk.release(second).applied
    assert not desk.release(second).applied

    assert desk.record.deferred == 1
    assert desk.opened(NOW_MS + LEASE_MS + 2, "third").failures == 1


def test_a_lease_that_was_lost_cannot_be_given_back() -> None:
    desk = Desk()
    slow = desk.opened(holder="slow")
    desk.opened(NOW_MS + LEASE_MS + 1, "quick")

    assert not desk.release(slow).applied
    assert desk.record.holder == "quick"


def test_a_repost_is_listed_before_it_happens() -> None:
    desk = Desk()
    lease = desk.opened()

    desk.table.change(*desk.key, *reposting(lease))

    assert (desk.record.reposts, desk.record.state) == (1, "OPEN")


# Others' transitions


def test_only_a_record_that_was_never_opened_can_be_empty() -> None:
    untouched, open_one = Desk(), Desk()
    open_one.opened()

    assert untouched.table.change(*untouched.key, *emptying(NOW_MS)).applied
    assert "expires_at" in untouched.item
    assert not open_one.table.change(*open_one.key, *emptying(NOW_MS)).applied


def test_a_person_gets_what_nobody_holds() -> None:
    free, held = Desk(), Desk()
    held.opened()

    assert free.table.change(*free.key, *parking(NOW_MS, Code.QUOTED("why"))).applied
    assert (free.record.state, free.item["reason"]) == ("MANUAL_REVIEW", "why")
    assert not held.table.change(*held.key, *parking(NOW_MS + LEASE_MS, Code.QUOTED("why"))).applied
    assert held.table.change(*held.key, *parking(NOW_MS + LEASE_MS + 1, Code.QUOTED("why"))).applied


def test_every_state_is_settled_parked_or_on_its_way() -> None:
    assert not SETTLED & PARKED
    assert not FINAL & PARKED
    assert {"DONE", "CONFIRMED", "RECONCILED", "EMPTY"} <= SETTLED & FINAL


def test_past_its_time_a_record_counts_as_gone() -> None:
    """DynamoDB removes an expired item when it gets to it."""
    desk = Desk()
    desk.settle(desk.opened(), "DONE", NOW_MS)
    end_ms = (NOW_MS // 1000 + CLAIM_TTL_S) * 1000

    assert not desk.record.has_expired(end_ms - 1)
    assert desk.record.has_expired(end_ms)
    assert not Record.of(sealed_item(BATCH, NOW_MS)).has_expired(end_ms)
