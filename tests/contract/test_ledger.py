"""What the relay relies on in its ledger, in every world that offers one."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from lambdas.adapters.ledger import DynamoLedger, packed
from lambdas.relay.kernel.errors import Impossible, RelayError, Throttled, Transient
from lambdas.relay.kernel.limits import (
    CLAIMS_PER_ROUND_TRIP,
    DYNAMODB_ITEM_BYTES_MAX,
    DYNAMODB_PARTITION_KEY_BYTES_MAX,
    KEYS_PER_ROUND_TRIP,
)
from lambdas.relay.kernel.ports import Change, Guard, Item, Ledger
from tests.contract.worlds import Aws, World

ANY = Guard(frozenset({"SEALED", "OPEN"}))
SORT = "R"


@pytest.fixture
def ledger(world: World) -> Ledger:
    return world.ledger()


def record(name: str = "R#1", **more: Any) -> Item:
    return {"pk": name, "sk": SORT, "state": "SEALED", "attempt": 0, "lease_until_ms": 0, **more}


def found(ledger: Ledger, name: str = "R#1") -> Item:
    (item,) = ledger.find([(name, SORT)])
    assert item is not None
    return item


# What it will never accept


@pytest.mark.parametrize(
    "item",
    [
        record(text="x" * DYNAMODB_ITEM_BYTES_MAX),
        record(rows=["ラ" * 200] * 700),
        record("R#" + "é" * (DYNAMODB_PARTITION_KEY_BYTES_MAX // 2)),
    ],
    ids=["a large item", "a large item of many texts", "a long key"],
)
def test_what_can_never_be_stored_is_reported_as_impossible(ledger: Ledger, item: Item) -> None:
    with pytest.raises(Impossible):
        ledger.insert([item])


def test_a_change_that_would_make_an_item_too_large_is_impossible(ledger: Ledger) -> None:
    ledger.insert([record()])

    with pytest.raises(Impossible):
        ledger.change("R#1", SORT, ANY, Change(put={"text": "x" * DYNAMODB_ITEM_BYTES_MAX}))
    assert found(ledger) == record()


def test_nothing_is_added_to_a_text(ledger: Ledger) -> None:
    ledger.insert([record(attempt="1")])

    with pytest.raises(Impossible):
        ledger.change("R#1", SORT, ANY, Change(add={"attempt": 1}))


# Insert


def test_an_item_is_inserted_where_there_is_none(ledger: Ledger) -> None:
    (written,) = ledger.insert([record()])

    assert (written.applied, written.before) == (True, None)
    assert found(ledger) == record()


def test_a_refused_insert_returns_the_existing_item(ledger: Ledger) -> None:
    ledger.insert([record(owner="first")])

    (written,) = ledger.insert([record(owner="second")])

    assert not written.applied
    assert written.before == record(owner="first")
    assert found(ledger)["owner"] == "first"


def test_each_item_of_an_insert_has_its_own_answer_in_order(ledger: Ledger) -> None:
    ledger.insert([record("R#2", owner="first")])

    answers = ledger.insert([record(f"R#{n}", owner="second") for n in range(1, 4)])

    assert [answer.applied for answer in answers] == [True, False, True]
    assert answers[1].before == record("R#2", owner="first")


def test_many_items_are_inserted_at_once_and_each_refusal_says_what_it_met(ledger: Ledger) -> None:
    """More than one round trip takes, refused at its edges and between."""
    names = [f"R#{n}" for n in range(2 * CLAIMS_PER_ROUND_TRIP + 3)]
    standing = {names[0], names[CLAIMS_PER_ROUND_TRIP], names[-1]}
    for name in standing:
        ledger.insert([record(name, owner="first", rows=["a"])])

    answers = ledger.insert([record(name, owner="second", rows=[1, {}]) for name in names])

    assert [answer.applied for answer in answers] == [name not in standing for name in names]
    assert [answer.before for answer in answers if not answer.applied] == [
        record(name, owner="first", rows=["a"]) for name in names if name in standing
    ]
    assert found(ledger, names[1]) == record(names[1], owner="second", rows=[1, {}])


def test_inserted_again_all_items_meet_themselves(ledger: Ledger) -> None:
    """As when an answer was lost and the SDK repeats the call: the caller meets its own items."""
    items = [record(f"R#{n}", owner="me") for n in range(3)]
    ledger.insert(items)

    answers = ledger.insert(items)

    assert [(a.applied, a.before) for a in answers] == [(False, item) for item in items]


def test_one_that_can_never_be_stored_is_impossible_among_others(ledger: Ledger) -> None:
    with pytest.raises(Impossible):
        ledger.insert([record("R#1"), record("R#2", text="x" * DYNAMODB_ITEM_BYTES_MAX)])


@pytest.mark.parametrize(
    ("codes", "raised"),
    [
        (["ThrottlingError", "ProvisionedThroughputExceeded"], Throttled),
        (["InternalServerError"], Transient),
        (["ValidationError", "RequestLimitExceeded"], Transient),
        (["ValidationError"], Impossible),
        (["AccessDenied"], Transient),
    ],
)
def test_a_statement_that_failed_fails_its_batch(
    codes: list[str], raised: type[RelayError]
) -> None:
    """No claim counts as made, or as another's, unless the ledger said so."""

    class Failing:
        def batch_execute_statement(self, **_request: Any) -> Any:
            answers = [{"Error": {"Code": code, "Message": "said"}} for code in codes]
            return {"Responses": [{"TableName": "table"}, *answers]}

    with pytest.raises(raised) as error:
        DynamoLedger(Failing(), "table").insert([record()] * 3)  # type: ignore[arg-type]
    assert error.type is raised


def test_a_claim_that_nobody_answered_is_not_passed_over() -> None:
    class Short:
        def batch_execute_statement(self, **_request: Any) -> Any:
            return {"Responses": [{"TableName": "table"}]}

    with pytest.raises(ValueError, match="shorter"):
        DynamoLedger(Short(), "table").insert([record("R#1"), record("R#2")])  # type: ignore[arg-type]


def test_without_items_nothing_is_asked(ledger: Ledger) -> None:
    assert list(ledger.insert([])) == []
    assert list(ledger.find([])) == []


def test_values_come_back_as_they_were_put(ledger: Ledger) -> None:
    item = record(
        text="¿qué? \u2028 \U0001f600",
        whole=10**15,
        yes=True,
        nothing=None,
        rows=[1, "a", [2], {"b": 3}],
        empty=[],
        map={"c": {"d": -1}},
    )
    ledger.insert([item])

    assert found(ledger) == item


@pytest.mark.parametrize("aside", [["\ud800"], {"b": "\ud800"}, "\ud800"])
def test_a_text_that_is_not_utf_8_does_not_keep_its_item_from_being_stored(aside: Any) -> None:
    """Genesys' words about a refused item may quote it; DynamoDB takes only UTF-8."""

    class Strict:
        def put_item(self, **request: Any) -> None:
            json.dumps(request["Item"], ensure_ascii=False).encode("utf-8")

    ledger = DynamoLedger(Strict(), "table")  # type: ignore[arg-type]

    assert ledger.insert([record(reason=aside)])[0].applied


# Change


def test_a_change_sets_defaults_adds_and_drops(ledger: Ledger) -> None:
    ledger.insert([record(kept="old", gone="x", attempt=2)])
    change = Change(
        put={"state": "OPEN", "holder": "me"},
        default={"kept": "new", "fresh": 7},
        add={"attempt": 1, "counted": 5},
        drop=frozenset({"gone", "never_there"}),
    )

    written = ledger.change("R#1", SORT, ANY, change)

    assert written.applied
    assert found(ledger) == {
        **record(),
        "state": "OPEN",
        "holder": "me",
        "kept": "old",
        "fresh": 7,
        "attempt": 3,
        "counted": 5,
    }


def test_an_attribute_s_name_may_hold_any_characters(ledger: Ledger) -> None:
    """An entry has one for each type of event, with dots, braces and signs."""
    name = "met#v2.detail.events.conversation.{id}.user: end-\u00fc"
    ledger.insert([record()])

    absent, default = f"{name} absent", f"{name} default"
    guard = Guard(frozenset({"SEALED"}), same={absent: None})
    change = Change(put={name: "a"}, default={default: "b"}, add={f"{name} add": 1})
    assert ledger.change("R#1", SORT, guard, change).applied
    assert (found(ledger)[name], found(ledger)[default]) == ("a", "b")

    again = ledger.change(
        "R#1", SORT, Guard(None, same={name: "a"}), Change(drop=frozenset({name}))
    )
    assert again.applied
    assert name not in found(ledger)


def test_a_change_returns_the_item_as_it_was_before(ledger: Ledger) -> None:
    ledger.insert([record()])

    applied = ledger.change("R#1", SORT, ANY, Change(put={"state": "DONE"}))
    refused = ledger.change("R#1", SORT, ANY, Change(put={"state": "OPEN"}))

    assert (applied.applied, applied.before) == (True, record())
    assert (refused.applied, refused.before) == (False, record(state="DONE"))
    assert found(ledger)["state"] == "DONE"


def test_a_change_never_makes_an_item(ledger: Ledger) -> None:
    written = ledger.change("R#1", SORT, ANY, Change(put={"state": "OPEN"}))

    assert (written.applied, written.before) == (False, None)
    assert list(ledger.find([("R#1", SORT)])) == [None]


@pytest.mark.parametrize(
    ("guard", "holds"),
    [
        (Guard(frozenset({"OPEN"})), True),
        (Guard(frozenset({"OPEN", "SEALED"})), True),
        (Guard(frozenset({"SEALED"})), False),
        (Guard(frozenset({"OPEN"}), attempt=3), True),
        (Guard(frozenset({"OPEN"}), attempt=2), False),
        (Guard(frozenset({"OPEN"}), holder="me"), True),
        (Guard(frozenset({"OPEN"}), holder="another"), False),
        (Guard(frozenset({"OPEN"}), lease_before_ms=1001), True),
        (Guard(frozenset({"OPEN"}), lease_before_ms=1000), False),
        (Guard(frozenset({"OPEN"}), attempt=3, holder="me", lease_before_ms=1001), True),
        (Guard(frozenset({"OPEN"}), attempt=3, holder="another", lease_before_ms=1001), False),
        (Guard(frozenset({"SEALED"}), attempt=3, holder="me", lease_before_ms=1001), False),
    ],
)
def test_a_change_applies_only_where_every_part_of_its_guard_holds(
    ledger: Ledger, guard: Guard, holds: bool
) -> None:
    ledger.insert([record(state="OPEN", attempt=3, holder="me", lease_until_ms=1000)])

    assert ledger.change("R#1", SORT, guard, Change(put={"seen": 1})).applied is holds
    assert ("seen" in found(ledger)) is holds


@pytest.mark.parametrize(
    ("same", "holds"),
    [
        ({"held": ["a", "b"]}, True),
        ({"held": ["a"]}, False),
        ({"held": None}, False),
        ({"number": 7, "gone": None}, True),
        ({"number": 7, "held": ["b", "a"]}, False),
        ({"number": 8}, False),
        ({"gone": "x"}, False),
    ],
)
def test_a_change_applies_only_to_what_is_still_as_it_was_read(
    ledger: Ledger, same: dict[str, Any], holds: bool
) -> None:
    ledger.insert([record(held=["a", "b"], number=7)])
    guard = Guard(frozenset({"SEALED"}), same=same)

    assert ledger.change("R#1", SORT, guard, Change(put={"seen": 1})).applied is holds


def test_a_guard_over_what_an_item_does_not_have_does_not_hold(ledger: Ledger) -> None:
    ledger.insert([{"pk": "R#1", "sk": SORT, "state": "OPEN"}])

    for guard in (
        Guard(frozenset({"OPEN"}), attempt=0),
        Guard(frozenset({"OPEN"}), holder=""),
        Guard(frozenset({"OPEN"}), lease_before_ms=10**15),
    ):
        assert not ledger.change("R#1", SORT, guard, Change(put={"seen": 1})).applied


# Reading


def test_what_was_written_is_found_at_once_in_the_order_of_the_keys(ledger: Ledger) -> None:
    ledger.insert([record(f"R#{n}", number=n) for n in range(KEYS_PER_ROUND_TRIP + 30)])
    wanted = [("R#120", SORT), ("R#404", SORT), ("R#3", SORT), ("R#120", SORT)]

    items = ledger.find(wanted)

    assert [item and item["number"] for item in items] == [120, None, 3, 120]
    every = ledger.find([(f"R#{n}", SORT) for n in range(KEYS_PER_ROUND_TRIP + 30)])
    assert all(item is not None for item in every)


def test_every_item_of_a_partition_is_read_and_no_other(ledger: Ledger) -> None:
    ledger.insert(
        [{"pk": "C#c", "sk": f"E#{n}", "note": "x" * 1000} for n in range(3)]
        + [{"pk": "C#d", "sk": "E#1"}]
    )

    assert [item["sk"] for item in ledger.of("C#c")] == ["E#0", "E#1", "E#2"]
    assert list(ledger.of("C#nobody")) == []
    assert [item["sk"] for item in ledger.of("C#c", "E#1")] == ["E#1"]
    assert list(ledger.of("C#c", "F")) == []
    assert [item["sk"] for item in ledger.of("C#c", before="E#2")] == ["E#0", "E#1"]
    assert [item["sk"] for item in ledger.of("C#c", newest=2)] == ["E#2", "E#1"]
    assert [item["sk"] for item in ledger.of("C#c", before="E#2", newest=1)] == ["E#1"]


def test_an_expired_item_is_still_there(ledger: Ledger) -> None:
    """TTL removes it some day; until then it is returned, and its reader must check its time."""
    ledger.insert([record(expires_at=1)])

    assert found(ledger)["expires_at"] == 1
    assert not ledger.insert([record()])[0].applied


# What is due


def test_what_is_due_is_listed_oldest_first_up_to_the_moment_and_the_number(
    ledger: Ledger,
) -> None:
    ledger.insert(
        [record(f"R#{due}", attention="overdue", due_at=due) for due in (30, 10, 20, 40)]
        + [record("R#review", attention="review", due_at=5), record("R#none")]
    )

    assert list(ledger.due("overdue", 30, 10)) == [("R#10", "R"), ("R#20", "R"), ("R#30", "R")]
    assert list(ledger.due("overdue", 40, 2)) == [("R#10", "R"), ("R#20", "R")]
    assert list(ledger.due("overdue", 9, 10)) == []
    assert list(ledger.due("review", 5, 10)) == [("R#review", "R")]


def test_a_record_that_is_no_longer_due_is_not_listed(ledger: Ledger) -> None:
    ledger.insert([record(attention="overdue", due_at=1)])

    ledger.change("R#1", SORT, ANY, Change(drop=frozenset({"attention", "due_at"})))

    assert list(ledger.due("overdue", 100, 10)) == []


# Many at once: only where somebody else's process decides. moto judges and writes in two steps
# within ours, and the memory world knows no threads (the simulation interleaves it instead).


@pytest.fixture
def shared(emulated: Aws) -> Ledger:
    return emulated.ledger()


def test_a_claim_is_given_to_exactly_one_of_many(shared: Ledger) -> None:
    def insert(number: int) -> bool:
        return shared.insert([record(owner=number)])[0].applied

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(insert, range(24))) == 1


def test_claims_made_together_are_each_given_to_exactly_one_of_many(shared: Ledger) -> None:
    def insert(number: int) -> list[bool]:
        return [w.applied for w in shared.insert([record(f"R#{n}", owner=number) for n in (1, 2)])]

    with ThreadPoolExecutor(8) as pool:
        assert [sum(won) for won in zip(*pool.map(insert, range(24)), strict=True)] == [1, 1]


def test_a_lease_is_given_to_exactly_one_of_many(shared: Ledger) -> None:
    shared.insert([record()])

    def take(number: int) -> bool:
        change = Change(put={"state": "OPEN", "lease_until_ms": 10**13}, add={"attempt": 1})
        guard = Guard(frozenset({"SEALED", "OPEN"}), lease_before_ms=10**12)
        return shared.change("R#1", SORT, guard, change).applied

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == 1
    assert found(shared)["attempt"] == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text",
        "é",
        True,
        False,
        0,
        -7,
        10**37,
        None,
        [],
        ["a", 1, [True]],
        {},
        {"a": {"b": "c"}},
    ],
    ids=repr,
)
def test_a_value_goes_to_dynamodb_as_boto3_would_send_it(value: Any) -> None:
    assert packed(value) == TypeSerializer().serialize(value)
