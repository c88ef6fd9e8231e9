"""Records and shared items that somebody edited: they harm only themselves, and are named."""

from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.correlation.confirmation_breaker import ConfirmationCircuit
from lambdas.relay.genesys.circuit_breaker import Circuit
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.limits import ALIGNMENTS_MAX, HOUR_S, OVERDUE_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.ledger.shared import SORT_KEY, Shared, SharedItem, key_of
from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.damage import FAILURES_MAX, SOUND, repairing
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import REVIEW, STATES
from lambdas.relay.review.cases import complete, keep_for_review, park
from lambdas.relay.review.resolution import find
from simulation.memory.table import Table
from tests.unit.batches import NOW_MS, TARGET, batch_of
from tests.unit.test_dedup import deduplicated
from tests.unit.test_parts import send
from tests.unit.test_reconcile import Office
from tests.unit.tracked import Desk, request
from tests.unit.world import World

#: what an edit in the console leaves: another type, nonsense, nothing
ODD: tuple[Any, ...] = (
    "text",
    "17",
    17,
    True,
    None,
    [],
    [1],
    ["a"],
    [{}],
    {},
    {"a": "b"},
    {"a": []},
)
NAMES = sorted({*SOUND, "state", "pk_of_nobody"} - {"due_at"})


def edited() -> Office:
    """Without the check that every written record is sound."""
    return Office(world=World(table=Table()))


@pytest.mark.parametrize("name", sorted({*NAMES} - {"expires_at"}))
def test_a_damaged_record_ends_no_run_and_its_neighbours_are_attended_to(name: str) -> None:
    """Each is the oldest, so it comes before the others."""
    office = edited()
    office.genesys.says("agrees")
    kinds = [office.overdue_request(f"bad-{n}") for n in range(len(ODD) + 1)]
    for batch, odd in zip(kinds, ODD, strict=False):
        office.amend(batch, **{name: odd})
    key = record_key(kinds[-1].batch_id)
    item = dict(office.world.table.items[key])
    item.pop(name, None)
    office.world.table.items[key] = item
    for batch in kinds:
        office.amend(batch, due_at=1)
    good = office.overdue_request("good")

    for _ in range(ALIGNMENTS_MAX + 3):
        assert office.run().failed == 0
        office.world.timeline.advance(HOUR_S)

    assert office.state(good) in {"RECONCILED", "CONFIRMED"}
    for batch in kinds:
        assert office.state(batch) in {"RECONCILED", "CONFIRMED", "MANUAL_REVIEW", "REJECTED"}


@pytest.mark.parametrize(("odd", "guarded"), [("many", {"attempt": "many"}), (None, {})])
def test_a_repair_applies_only_to_the_damage_that_was_read(
    odd: Any, guarded: dict[str, Any]
) -> None:
    item = {**sealed_item(batch_of("a"), NOW_MS), "attempt": odd}

    found = repairing(item, STATES, "review", NOW_MS)

    assert found is not None
    assert found[0].same == guarded


def test_a_record_without_a_state_goes_to_a_person_and_says_what_was_lost() -> None:
    office, batch = edited(), batch_of("a")
    office.world.table.insert({**sealed_item(batch, NOW_MS), "state": "OPNE"})
    office.world.timeline.advance(OVERDUE_S + 1)

    office.run()

    item = office.item(batch)
    assert (item["state"], item["attention"]) == ("MANUAL_REVIEW", "review")
    assert "state" in item["reason"]
    assert office.world.telemetry.counts["DamagedRecords"] == 1
    assert ("batch", batch.batch_id) in dict(office.world.telemetry.notes)["repaired"].items()


def test_a_record_without_a_state_is_a_case_that_can_be_delivered_again() -> None:
    """Its payload is in the vault, or comes with a message that turns up."""
    office, batches = edited(), [batch_of("a"), batch_of("b"), batch_of("c")]
    for batch in batches:
        item = {**sealed_item(batch, NOW_MS), "due_at": 1}
        office.world.table.insert({n: v for n, v in item.items() if n != "state"})
    kept, late, repaired_later = batches
    office.world.vault.keep(sealed_key(kept.batch_id), encode(kept))
    complete(repaired_later, "MANUAL_REVIEW", office.world.vault)

    office.run()
    complete(late, "MANUAL_REVIEW", office.world.vault)

    for batch in batches:
        case = find(batch.batch_id, office.world.ledger, office.world.vault)
        assert case.batch == batch
        assert "state" in case.document["reason"]


def test_a_request_of_unknown_age_is_not_given_up_for_its_age() -> None:
    office, batch = edited(), batch_of("a")
    item = {**sealed_item(batch, NOW_MS), "due_at": 1}
    office.world.table.insert({n: v for n, v in item.items() if n != "sealed_at_ms"})

    office.run()

    assert office.state(batch) == "SEALED"
    assert office.item(batch)["sealed_at_ms"] == office.now_ms


def test_a_case_whose_record_was_damaged_keeps_its_document() -> None:
    office, batch = edited(), batch_of("a")
    keep_for_review(batch, Code.RECORD_GONE(), office.world.vault, NOW_MS, answer="said")
    item = {**sealed_item(batch, NOW_MS), "due_at": 1}
    office.world.table.insert({n: v for n, v in item.items() if n != "state"})

    office.run()

    assert find(batch.batch_id, office.world.ledger, office.world.vault).document["answer"]


def test_a_final_record_that_lost_its_state_no_longer_expires() -> None:
    office, batch = edited(), batch_of("a")
    item = {**sealed_item(batch, NOW_MS), "due_at": 1, "expires_at": NOW_MS // 1000 + HOUR_S}
    office.world.table.insert({n: v for n, v in item.items() if n != "state"})

    office.run()

    assert "expires_at" not in office.item(batch)


def test_a_record_that_always_fails_at_its_turn_ends_with_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = edited()
    bad = office.overdue_request("bad")

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lambdas.relay.functions.overdue.attend", fails)
    for _ in range(FAILURES_MAX):
        office.run()
        office.world.timeline.advance(HOUR_S)

    assert office.state(bad) == "MANUAL_REVIEW"
    assert office.item(bad)["reason"] == str(Code.TURN_FAILED(3, Code.UNFORESEEN()))
    assert find(bad.batch_id, office.world.ledger, office.world.vault).batch == bad


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", NAMES)
def test_any_record_can_be_read(name: str, odd: Any) -> None:
    item = {**sealed_item(batch_of("a"), NOW_MS), name: odd}

    assert Record.of(item).state in STATES
    assert Record.of(item).state in STATES


def test_a_record_that_lost_its_count_of_attempts_is_in_doubt() -> None:
    office, batch = edited(), batch_of("a")
    item = {**sealed_item(batch, NOW_MS), "state": "OPEN", "attempt": [], "holder": "h"}
    office.world.table.insert({**item, "due_at": 1})

    office.run()

    assert office.item(batch)["doubt_since_ms"] == 1


def test_a_check_of_a_damaged_record_repairs_it_and_goes_on() -> None:
    office = edited()
    batch = office.accept(request("c-1"))
    office.amend(batch, turn="1", tries={}, seen=["x"])

    assert office.end_window(batch, after_s=60)
    assert office.world.telemetry.counts["DamagedRecords"] == 1


def listed(world: World, batch: Batch) -> bool:
    """Whether a person finds it on the list, with its events."""
    item = world.table.items[record_key(batch.batch_id)]
    case = find(batch.batch_id, world.ledger, world.vault)
    return item.get("attention") == REVIEW and case.batch == batch


def without_state(batch: Batch) -> World:
    world = World(table=Table())
    item = sealed_item(batch, NOW_MS)
    world.table.insert({name: value for name, value in item.items() if name != "state"})
    return world


@pytest.mark.parametrize("destination", ["journey", "removed"])
def test_a_batch_whose_record_lost_its_state_is_listed_when_dedup_meets_it(
    destination: str,
) -> None:
    """Found by the simulation: a document of the case was kept, and nobody was told of it."""
    batch = replace(batch_of("a"), target=replace(TARGET, destination=destination))
    world = without_state(batch)

    assert deduplicated(world, batch) == 1  # its repair is reported, and it comes again
    assert deduplicated(world, batch) == 0

    assert listed(world, batch)
    assert world.telemetry.counts["DamagedRecords"] == 1
    assert not world.bodies("writes")


def test_so_is_one_that_is_parked_for_another_reason() -> None:
    batch = batch_of("a")
    world = without_state(batch)

    assert park(
        batch, "REJECTED", Code.QUOTED("no"), ledger=world.ledger, vault=world.vault, now_ms=NOW_MS
    )

    assert listed(world, batch)


def test_so_is_a_part_of_a_split_request() -> None:
    desk = Desk(world=World(table=Table()))
    whole = desk.open(request())
    send(desk, whole)
    child = whole.part([0])
    desk.amend(child, state="nonsense")

    send(desk, whole)

    assert listed(desk.world, child)


def test_so_is_a_dead_letter() -> None:
    batch = batch_of("a")
    office = Office(world=without_state(batch))
    office.bury("writes", encode(batch))

    office.run()

    assert listed(office.world, batch)


@pytest.mark.parametrize("kind", [Window, Circuit, ConfirmationCircuit])
@pytest.mark.parametrize("odd", ODD)
def test_a_damaged_shared_item_starts_again_in_its_place(kind: type[Shared], odd: Any) -> None:
    usual = kind()
    for name in kind.__slots__:
        whole = {**usual.values, "pk": "L#x", "sk": SORT_KEY, "state": "SHARED"}
        lacking = {n: v for n, v in whole.items() if n != name}

        assert kind.of(lacking) == usual
        read = getattr(kind.of({**whole, name: odd}), name)
        assert type(read) is type(getattr(usual, name))


@pytest.mark.parametrize("name", ["attempt", "holder", "state"])
@pytest.mark.parametrize("odd", ODD)
def test_no_damage_keeps_a_shared_item_from_being_changed(name: str, odd: Any) -> None:
    world = World()
    pk, sk = key_of("x")
    item = {"pk": pk, "sk": sk, "state": "SHARED", "attempt": 3, "holder": "h", "failures": 1}
    world.table.insert({**item, name: odd})
    shared = SharedItem(world.ledger, world.entropy, "x")

    answer = shared.change(lambda standing: ({"failures": 2}, "answered"))

    assert answer == "answered"
    assert world.table.items[pk, sk]["failures"] == 2
    assert shared.change(lambda standing: ({"failures": 3}, standing)) is not None
