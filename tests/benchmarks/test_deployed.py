"""What the benchmark calculates for the deployed functions: units as in DynamoDB's documents, and
what an event uses on its way. No test judges CPU."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from benchmarks.sandbox import Used, sandbox
from benchmarks.wire import INDEX_KEYS, INDEX_PROJECTED, index_units, item_bytes
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import resources


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"pk": {"S": "é"}}, 4),
        ({"n": {"N": "1767877200000"}}, 9),
        ({"n": {"N": "-7"}}, 4),
        ({"b": {"BOOL": True}}, 2),
        ({"l": {"L": [{"S": "ab"}, {"S": "c"}]}}, 1 + 3 + 3 + 2),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + 3),
    ],
)
def test_an_item_has_the_size_that_the_guide_gives_it(item: Any, size: int) -> None:
    assert item_bytes(item) == size


LISTED = {
    "pk": {"S": "R#1"},
    "sk": {"S": "R"},
    "attention": {"S": "overdue"},
    "due_at": {"N": "7"},
    "state": {"S": "SEALED"},
}


@pytest.mark.parametrize(
    ("before", "changes", "units"),
    [
        (None, {}, 1),
        (LISTED, {"history": {"S": "x"}}, 0),
        (LISTED, {"state": {"S": "OPEN"}}, 0),
        (LISTED, {"due_at": {"N": "8"}}, 2),
        (LISTED, {"attention": None}, 1),
    ],
    ids=["new", "a line of its history", "its state", "its time", "gone"],
)
def test_a_write_costs_the_index_what_it_changes_there(
    before: Any, changes: Any, units: int
) -> None:
    after = {name: value for name, value in {**LISTED, **changes}.items() if value is not None}
    assert index_units(before, after) == units


def test_the_index_is_the_one_of_the_stack(tmp_path: Any) -> None:
    template = synthesise(tmp_path, indexed=environment_text()).templates["indexed"]
    (table,) = resources(template, "AWS::DynamoDB::Table").values()
    (index,) = table["Properties"]["GlobalSecondaryIndexes"]
    assert tuple(key["AttributeName"] for key in index["KeySchema"]) == INDEX_KEYS
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert set(INDEX_PROJECTED) == {"pk", "sk", *INDEX_KEYS}


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    """The functions keep their clients and settings: so they run in a process of their own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


def _way(size: int) -> dict[str, Used]:
    return sandbox().way(size)


def test_an_event_is_claimed_and_written_with_few_calls_and_units(
    process: ProcessPoolExecutor,
) -> None:
    process.submit(_way, 1).result()  # the first one leases slots and a token
    way = process.submit(_way, 50).result()
    assert way["intake"].calls == 1
    # The record, two rounds of claims, the payload, the message.
    assert way["dedup"].calls == 5
    assert sum(used.write_units for used in way.values()) <= 1.3 * 50
