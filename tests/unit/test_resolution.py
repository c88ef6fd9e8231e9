"""A person's decision: conditional, on record, and never the cause of a loss or a duplicate."""

import json
from typing import Any

import pytest

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import review_key
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.review.cases import park
from lambdas.relay.review.resolution import Decision, NotResolved, Verdict, find, resolve, successor
from tests.unit.batches import NOW_MS, batch_of, said_in
from tests.unit.world import World

BATCH = batch_of("a", "b")


def waiting(world: World, batch: Batch = BATCH, *, claimed: bool = True) -> None:
    if claimed:
        claim(batch, world.ledger, NOW_MS)
    park(
        batch, "REJECTED", Code.QUOTED("400"), ledger=world.ledger, vault=world.vault, now_ms=NOW_MS
    )


def decide(world: World, verdict: Verdict, batch: Batch = BATCH) -> str:
    return resolve(
        find(batch.batch_id, world.ledger, world.vault),
        Decision(verdict, "jo", "looked it up"),
        ledger=world.ledger,
        vault=world.vault,
        writes=world.queue("writes"),
        now_ms=NOW_MS,
    )


def sent(world: World) -> list[Batch]:
    dead_letters: list[Delivery] = list(world.queue("writes").receive(10))
    return [decode(dead_letter.body) for dead_letter in dead_letters]


def item_of(world: World, batch: Batch = BATCH) -> dict[str, Any]:
    return dict(world.table.items[record_key(batch.batch_id)])


def test_what_did_not_happen_is_delivered_again_under_an_id_of_its_own() -> None:
    world = World()
    waiting(world)

    assert decide(world, "again") == "SPLIT"

    (again,) = sent(world)
    assert again.batch_id != BATCH.batch_id
    assert again.events == BATCH.events
    assert item_of(world, again)["state"] == "SEALED"
    assert item_of(world)["parts"][0]["batch_id"] == again.batch_id
    assert "attention" not in item_of(world)
    assert review_key(BATCH.batch_id) not in world.documents


def test_the_history_keeps_who_and_why() -> None:
    world = World()
    waiting(world)

    decide(world, "happened")

    assert item_of(world)["resolved_by"] == "jo"
    assert Record.of(item_of(world)).history[-1].endswith("DECIDED | jo | happened | looked it up")


def test_a_record_that_lost_its_state_is_repaired_before_it_is_decided() -> None:
    world = World()
    waiting(world)
    key = record_key(BATCH.batch_id)
    world.table.items[key] = {n: v for n, v in item_of(world).items() if n != "state"}

    with pytest.raises(NotResolved, match="lost its state: reconcile repairs it"):
        decide(world, "happened")


@pytest.mark.parametrize(
    ("verdict", "state"), [("happened", "RECONCILED"), ("discard", "DISCARDED")]
)
def test_a_closed_case_sends_nothing_and_waits_for_nobody(verdict: Verdict, state: str) -> None:
    world = World()
    waiting(world)

    assert decide(world, verdict) == state

    assert not sent(world)
    assert item_of(world)["state"] == state
    assert "attention" not in item_of(world)
    assert not world.documents


@pytest.mark.parametrize("verdict", ["happened", "discard"])
def test_a_copy_of_what_was_closed_before_it_was_claimed_is_a_copy(verdict: Verdict) -> None:
    """Dead letters of dedup are parked before they have claims: a replay would deliver them."""
    world = World()
    waiting(world, claimed=False)

    decide(world, verdict)

    copy = batch_of("a", "b", nonce="a replay")
    assert not claim(copy, world.ledger, NOW_MS).owned


def test_a_part_of_a_split_is_delivered_again_though_its_whole_has_the_claims() -> None:
    world = World()
    claim(BATCH, world.ledger, NOW_MS)
    part = BATCH.part([1])
    waiting(world, part, claimed=False)

    assert decide(world, "again", part) == "SPLIT"

    (again,) = sent(world)
    assert said_in(again) == ["b"]


def test_what_another_request_owns_is_left_out() -> None:
    """A batch can be parked before it has claimed anything."""
    world = World()
    claim(batch_of("a", nonce="other"), world.ledger, NOW_MS)
    waiting(world, claimed=False)

    decide(world, "again")

    assert [said_in(again) for again in sent(world)] == [["b"]]


def test_what_our_own_request_caused_is_left_out() -> None:
    """It has no claim: dedup recognised it, and failed before it had sent the others on."""
    world = World()
    echoes = {BATCH.events[0].identity: "its request"}
    world.table.insert({**sealed_item(BATCH, NOW_MS), "echoes": echoes})
    waiting(world, claimed=False)

    assert decide(world, "again") == "SPLIT"

    assert [again.events for again in sent(world)] == [BATCH.events[1:]]


def test_a_request_that_owns_nothing_is_closed_without_sending() -> None:
    world = World()
    claim(batch_of("a", "b", nonce="other"), world.ledger, NOW_MS)
    waiting(world, claimed=False)

    assert decide(world, "again") == "EMPTY"
    assert not sent(world)


@pytest.mark.parametrize("verdict", ["again", "happened", "discard"])
def test_nobody_decides_on_a_request_that_is_under_way(verdict: Verdict) -> None:
    world = World()
    waiting(world)
    world.table.items[record_key(BATCH.batch_id)] = {
        **sealed_item(BATCH, NOW_MS),
        "state": "CONFIRMED",
    }

    with pytest.raises(NotResolved, match="it is CONFIRMED"):
        decide(world, verdict)
    assert not sent(world)


def test_a_request_that_a_writer_split_is_not_sent_once_more() -> None:
    world = World()
    waiting(world)
    world.table.items[record_key(BATCH.batch_id)] = {**item_of(world), "state": "SPLIT"}

    with pytest.raises(NotResolved, match="it is SPLIT"):
        decide(world, "again")


def test_an_interrupted_command_is_resumed_by_repeating_it() -> None:
    world = World()
    waiting(world)
    world.faults.plan("send refused")

    with pytest.raises(Transient):
        decide(world, "again")
    assert item_of(world)["attention"] == "overdue", "somebody is still responsible"
    decide(world, "again")

    assert [again.batch_id for again in sent(world)] == [successor(BATCH).batch_id]
    assert "attention" not in item_of(world)


def test_a_request_that_is_parked_once_more_leaves_an_interrupted_command_its_case() -> None:
    """A writer that died after it had parked a part comes again, and parks the part again."""
    world = World()
    waiting(world)
    world.faults.plan("send refused")
    with pytest.raises(Transient):
        decide(world, "again")

    waiting(world)

    assert review_key(BATCH.batch_id) in world.documents
    assert decide(world, "again") == "SPLIT"
    assert [again.events for again in sent(world)] == [BATCH.events]
    assert review_key(BATCH.batch_id) not in world.documents


@pytest.mark.parametrize(
    ("verdict", "state"), [("again", "SPLIT"), ("happened", "RECONCILED"), ("discard", "DISCARDED")]
)
def test_a_decision_that_met_itself_is_carried_out(verdict: Verdict, state: str) -> None:
    """Its answer was lost, and the SDK's second try was refused by what the first had written."""
    world, part = World(), successor(BATCH)
    waiting(world, part)
    world.faults.plan("ledger met itself")

    assert decide(world, verdict, part) == state

    assert item_of(world, part)["state"] == state
    assert len(sent(world)) == (verdict == "again")
    assert review_key(part.batch_id) not in world.documents


def test_without_its_document_nothing_can_be_delivered_again() -> None:
    world = World()
    waiting(world)
    world.documents.clear()

    with pytest.raises(NotResolved, match="replay the bus's archive"):
        decide(world, "again")
    assert json.dumps(item_of(world)["state"]) == '"REJECTED"'


def test_an_unknown_id_is_reported_as_unknown() -> None:
    with pytest.raises(NotResolved, match="There is no request nope"):
        find("nope", World().ledger, World().vault)
