"""Messages and items as each release has left them: what is in flight when the next is deployed.

A file under tests/golden/<release>/ is never changed: it is what a queue or the table may hold. A
changed format still reads the old files, and has new ones in a folder of its own, which HERE then
names: `python -m tests.unit.test_golden release-3` writes them. The folder of an unreleased version
may be rewritten.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lambdas.relay.correlation.checks import KINDS, event_check, read_check, timer
from lambdas.relay.correlation.confirmation_breaker import ConfirmationCircuit
from lambdas.relay.correlation.entries import Entry, entries
from lambdas.relay.destinations.correlation import expecting, read_facts
from lambdas.relay.entrances.events import ANY_PARTNER
from lambdas.relay.functions.parts import on_record, part
from lambdas.relay.genesys.circuit_breaker import Circuit
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.ports import Delivery, Item
from lambdas.relay.kernel.reasons import Code, sentence
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.shared import Shared, SharedItem
from lambdas.relay.messages.dead_letters import REASON, count, dead_letter
from lambdas.relay.messages.glimpse import is_unclaimed
from lambdas.relay.messages.sealing import (
    Batch,
    decode,
    describe,
    encode,
    encode_unclaimed,
)
from lambdas.relay.requests.damage import damaged
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import STATES
from tests.unit.batches import NOW_MS, sealed
from tests.unit.tracked import CONFIRMATION, caused, request
from tests.unit.world import World

GOLDEN = Path(__file__).parent.parent / "golden"
RELEASES = sorted(path.name for path in GOLDEN.iterdir())
HERE = GOLDEN / "release-3"

EVENT = replace(
    caused("c-1", correlation="r-1", sequence=7, shows={"a": 1}), item='{"a":"\\u00e9\\ud800"}'
)
(WHOLE,) = sealed([EVENT, *request(items=2).events])
PART = WHOLE.part([1])
#: an event of a conversation that is known by a telephone number
(PERSONAL,) = sealed(
    [replace(EVENT, conversation_id="tel:+4930901820", partition="a" * 26), *WHOLE.events[1:]]
)
SHARED: dict[str, Shared] = {
    "pace": Window(),
    "breaker": Circuit(),
    "silence": ConfirmationCircuit(),
}


def made() -> dict[str, Any]:
    """What this release writes, by the names of the files."""
    world = World()
    told = event_check(EVENT, WHOLE.batch_id)
    delivery = Delivery("m", "r", encode(WHOLE), 9, NOW_MS, dict(describe(WHOLE)))
    buried = dead_letter(delivery, Code.STATUS(503), NOW_MS, ANY_PARTNER)
    claim(WHOLE, world.ledger, NOW_MS)
    for name, values in SHARED.items():
        item = SharedItem(world.ledger, world.entropy, name)
        item.change(lambda _, values=values: (values.values, None))  # type: ignore[misc]
    return {
        "sealed.txt": encode_unclaimed(WHOLE),
        "claimed.txt": encode(WHOLE),
        "part.txt": encode(PART),
        "personal.txt": encode_unclaimed(PERSONAL),
        "check-event.txt": told.body,
        "check-window.txt": timer("window", WHOLE.batch_id, 10).body,
        "check-hold.txt": timer("hold", WHOLE.batch_id, 10).body,
        "letter.json": {"body": buried.body, "attributes": dict(buried.attributes)},
        "claims.json": _items(world, "C#"),
        "ordered.json": ordered(),
        "shared.json": _items(world, "L#"),
        "pointers.json": entries(WHOLE, CONFIRMATION, NOW_MS),
        "records.json": [_record(state) for state in sorted(STATES)],
    }


def ordered() -> list[Item]:
    """Claims of an order's first route, after two routes have delivered the events."""
    world = World()
    for route in ("one", "other"):
        claim(under(route), world.ledger, NOW_MS)
    claim(under("one", "redeliver-1"), world.ledger, NOW_MS)
    return _items(world, "C#")


def under(route: str, redelivery: str = "") -> Batch:
    """The events as one route makes them."""
    events = (replace(each, routes=(route,), redelivery=redelivery) for each in WHOLE.events)
    return replace(WHOLE, batch_id=f"{route} {redelivery}", events=tuple(events))


def _items(world: World, prefix: str) -> list[Item]:
    return [item for (pk, _), item in sorted(world.table.items.items()) if pk.startswith(prefix)]


def _record(state: str) -> Item:
    item = {**sealed_item(WHOLE, NOW_MS), **expecting(WHOLE, CONFIRMATION), "state": state}
    if state == "SPLIT":
        item["parts"] = on_record(
            WHOLE,
            [part([0], "again", Code.STATUS(503)), part([1], "refused", Code.GENESYS_SAYS("no"))],
        )
    if state not in ("SEALED", "MERGED"):
        item |= {"attempt": 2, "deferred": 1, "holder": "h", "doubt_since_ms": NOW_MS}
        item |= {"history": [f"{NOW_MS} #1 {Code.STATUS(503)}"], "reposts": 1}
    return item


def text_of(release: str, name: str) -> str:
    return (GOLDEN / release / name).read_text("utf-8").removesuffix("\n")


def document_of(release: str, name: str) -> Any:
    return json.loads(text_of(release, name))


def test_what_this_release_writes_is_what_its_files_hold() -> None:
    """A format that changes gets a folder of its own, and the old files stay."""
    for name, document in made().items():
        said = text_of(HERE.name, name)
        if name.endswith(".txt"):
            assert said == document, name
        else:
            assert json.loads(said) == json.loads(json.dumps(document)), name


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("name", "batch"), [("sealed.txt", WHOLE), ("claimed.txt", WHOLE), ("part.txt", PART)]
)
def test_a_batch_of_any_release_is_read_to_the_last_byte(
    release: str, name: str, batch: Batch
) -> None:
    text = text_of(release, name)

    read = decode(text)

    assert read == batch
    assert read.body() == batch.body()
    assert is_unclaimed(text) == (name == "sealed.txt")
    assert read_facts(read.events[0]) is not None


@pytest.mark.parametrize("release", [r for r in RELEASES if (GOLDEN / r / "personal.txt").exists()])
def test_a_batch_with_a_personal_name_is_claimed_where_its_release_said(release: str) -> None:
    read = decode(text_of(release, "personal.txt"))

    assert read == PERSONAL
    assert read.events[0].owner == "a" * 26


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_check_of_any_release_is_read(release: str, kind: str) -> None:
    check = read_check(text_of(release, f"check-{kind}.txt"))

    assert (check.kind, check.batch_id) == (kind, WHOLE.batch_id)
    assert (check.event is not None) == (kind == "event")


@pytest.mark.parametrize("release", RELEASES)
def test_a_dead_letter_of_any_release_is_read(release: str) -> None:
    said = document_of(release, "letter.json")

    assert decode(said["body"]) == WHOLE
    assert sentence(said["attributes"][REASON]) in ("503", "status 503")
    assert (count(said["attributes"], "attempts"), count(said["attributes"], "redrives")) == (9, 0)


@pytest.mark.parametrize("release", RELEASES)
def test_a_record_of_any_release_is_read_as_sound(release: str) -> None:
    items = document_of(release, "records.json")

    assert {Record.of(item).state for item in items} == STATES
    for item in items:
        assert (item["pk"], item["sk"]) == record_key(WHOLE.batch_id)
        assert not damaged(item, STATES), item["state"]
        assert Record.of(item).items == len(WHOLE.events)
    (split,) = (Record.of(item) for item in items if item["state"] == "SPLIT")
    children = [WHOLE.part(row["indices"]).batch_id for row in split.parts]
    assert children == [row["batch_id"] for row in split.parts]


@pytest.mark.parametrize("release", RELEASES)
def test_a_claim_of_any_release_is_met(release: str) -> None:
    """A copy that comes after the deploy is a copy."""
    world = World()
    for item in document_of(release, "claims.json"):
        world.table.insert(item)

    again = claim(replace(WHOLE, batch_id="another"), world.ledger, NOW_MS)

    assert len(again.duplicates) == len(WHOLE.events)
    assert len(world.table.items) == len(WHOLE.events)


@pytest.mark.parametrize("release", [r for r in RELEASES if (GOLDEN / r / "ordered.json").exists()])
def test_an_order_that_any_release_began_is_carried_out_for_the_other_route(release: str) -> None:
    world = World()
    for item in document_of(release, "ordered.json"):
        world.table.insert(item)

    for route, is_owned in (("one", False), ("other", True)):
        replayed = replace(under(route, "redeliver-1"), batch_id=f"{route} replayed")
        owned = claim(replayed, world.ledger, NOW_MS).owned
        assert bool(owned) is is_owned, route


@pytest.mark.parametrize("release", RELEASES)
def test_entries_and_what_writers_share_are_read(release: str) -> None:
    for item in document_of(release, "pointers.json"):
        assert Entry.of(item).batch_id == WHOLE.batch_id
    for item in document_of(release, "shared.json"):
        name = item["pk"].removeprefix("L#")
        assert type(SHARED[name]).of(item) == SHARED[name]


if __name__ == "__main__":
    folder = GOLDEN / sys.argv[1]
    folder.mkdir(exist_ok=True)
    for file, content in made().items():
        text = content if file.endswith(".txt") else json.dumps(content, indent=1, sort_keys=True)
        (folder / file).write_text(f"{text}\n", "utf-8")
