"""Manual review: what a person must decide is kept with all that is needed to decide it."""

import json
from dataclasses import replace

import pytest

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import review_key
from lambdas.relay.messages.sealing import decode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import opening, sealed_item
from lambdas.relay.requests.states import State
from lambdas.relay.review.cases import park
from tests.unit.batches import NOW_MS, batch_of
from tests.unit.world import World

BATCH = batch_of("a", "b")
KEY = record_key(BATCH.batch_id)


def parked(world: World) -> bool:
    return park(
        BATCH, "MANUAL_REVIEW", Code.QUOTED("nobody knows"), ledger=world.ledger, vault=world.vault,
        now_ms=NOW_MS,
    )  # fmt: skip


def state(world: World) -> str:
    return Record.of(world.table.items[KEY]).state


def with_record(in_state: State) -> World:
    world = World()
    world.table.items[KEY] = {**sealed_item(BATCH, NOW_MS), "state": in_state}
    return world


def test_a_parked_batch_is_kept_verbatim_with_the_reason() -> None:
    world = World()

    assert parked(world)

    document = json.loads(world.documents[review_key(BATCH.batch_id)])
    assert decode(document["message"]) == BATCH
    assert document["reason"] == "nobody knows"
    assert state(world) == "MANUAL_REVIEW"
    assert world.table.items[KEY]["attention"] == "review"


def test_without_a_document_there_is_no_record() -> None:
    """A crash between the two leaves a stray document, never a record without one."""
    world = World()
    world.faults.plan("vault refused")

    with pytest.raises(Transient):
        parked(world)

    assert not world.table.items


def test_parking_again_changes_nothing() -> None:
    world = World()
    parked(world)
    before = dict(world.table.items)

    assert parked(world)

    assert world.table.items == before


def test_a_sealed_record_that_nobody_holds_is_parked() -> None:
    world = with_record("SEALED")

    assert parked(world)
    assert state(world) == "MANUAL_REVIEW"


def test_a_batch_that_somebody_holds_is_not_taken_away() -> None:
    world = with_record("SEALED")
    world.table.change(*KEY, *opening(NOW_MS, NOW_MS + 60_000, "writer"))

    assert not parked(world)
    assert state(world) == "OPEN"


@pytest.mark.parametrize("settled", ["DONE", "CONFIRMED", "RECONCILED", "EMPTY"])
def test_a_batch_settled_meanwhile_stays_settled_and_leaves_nothing_to_review(
    settled: State,
) -> None:
    world = with_record(settled)

    assert parked(world)

    assert state(world) == settled
    assert not world.documents


@pytest.mark.parametrize("standing", ["REJECTED", "MANUAL_REVIEW"])
def test_a_batch_parked_by_another_stays_parked(standing: State) -> None:
    world = with_record(standing)

    assert parked(world)
    assert state(world) == standing


def test_the_document_of_a_case_stays_when_its_first_message_comes_again() -> None:
    """It may hold events that were copies of another request's, and do not belong to this case."""
    world = World()
    parked(world)
    kept = dict(world.documents)
    first = replace(BATCH, events=(*BATCH.events, *batch_of("another").events))

    assert park(
        first,
        "MANUAL_REVIEW",
        Code.QUOTED("old"),
        ledger=world.ledger,
        vault=world.vault,
        now_ms=NOW_MS + 1,
    )

    assert world.documents == kept
