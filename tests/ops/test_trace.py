"""`relay trace`: one name, and the whole way of what it names, on one screen."""

import json
from typing import Any

import pytest

from lambdas.relay.ledger.claims import claim
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.sealing import Batch
from lambdas.relay.trace import EventWay, RequestWay, Trace
from ops.__main__ import main
from ops.way import ways
from tests.ops.conftest import Deployed
from tests.unit.batches import NOW_MS, sealed, sealed_event

(BATCH,) = sealed([sealed_event("a", conversation="c1"), sealed_event("b")])
#: lines of a terminal that a person sees at once
SCREEN_LINES = 40


def written(relay: Deployed, batch: Batch, state: str, **more: Any) -> None:
    item = {**sealed_item(batch, NOW_MS), "state": state, **more}
    for name in ("attention", "due_at"):
        item.pop(name, None)
    relay.ledger.insert([item])


@pytest.fixture
def split(relay: Deployed) -> Deployed:
    """Two events: one taken with the first answer, one that went on in a part."""
    part = BATCH.part([1])
    claim(BATCH, relay.ledger, NOW_MS)
    parts = [{"indices": [1], "fate": "again", "reason": "later", "batch_id": part.batch_id}]
    history = [f"{NOW_MS + 1000} #1 accepted but for 1 items"]
    written(relay, BATCH, "SPLIT", parts=parts, attempt=1, history=history)
    written(relay, part, "REJECTED", attempt=2, reason="400 no such id")
    return relay


def told(capsys: pytest.CaptureFixture[str], name: str) -> list[dict[str, Any]]:
    code = main(["trace", name, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    document: list[dict[str, Any]] = json.loads(captured.out)
    return document


def test_a_conversation_tells_of_its_events_only(
    split: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    (event,) = told(capsys, "c1")

    assert event["identity"] == BATCH.events[0].identity
    assert event["fate"].startswith("delivered")


@pytest.mark.parametrize("name", [BATCH.events[1].identity, BATCH.events[1].envelope_id])
def test_an_event_is_followed_into_its_part(
    split: Deployed, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (event,) = told(capsys, name)

    assert event["fate"] == "refused by Genesys; waits for a person"
    assert [request["state"] for request in event["requests"]] == ["SPLIT", "REJECTED"]
    assert [step["what"] for step in event["steps"]][:2] == ["sealed", "claimed"]


def test_a_request_tells_of_all_its_events(
    split: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(told(capsys, BATCH.batch_id)) == 2


def test_the_whole_way_fits_on_one_screen(
    split: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", BATCH.events[1].identity]) == 0

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= SCREEN_LINES
    assert "400 no such id" in shown


def test_an_unknown_name_is_said_to_be_unknown(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "nobody"]) == 2
    assert "The ledger has nothing on nobody" in capsys.readouterr().err


def test_an_event_of_a_part_whose_record_is_missing_is_under_way() -> None:
    request = RequestWay(
        batch_id="b", state="SPLIT", destination="d", attempts=1, reposts=0, context_id="",
        genesys_id="", expected={}, confirmed_by="", reason="", parent="", parts=("gone",),
        compensated_by="", held=(), duplicates=(), contradictions=(), events=("c/i",), moments=(),
    )  # fmt: skip
    event = EventWay("c", "i", "d", "t", "e", NOW_MS, "b")

    (way,) = ways(Trace("c", (event,), (request,), is_partial=False))

    assert way.fate == "goes on in parts"


def test_a_record_that_is_gone_is_said_to_be_gone() -> None:
    event = EventWay("c", "i", "d", "t", "e", NOW_MS, "b")

    (way,) = ways(Trace("i", (event,), (), is_partial=False))

    assert "gone" in way.fate
    assert record_key("b")[0] == "R#b"
