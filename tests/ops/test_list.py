"""`relay list`: events by time, topic, destination, state and field, and how to read on."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.kernel.personal import hidden
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.sending import sealed_item
from ops.__main__ import main
from simulation.memory.credentials import PERSONAL_KEY
from tests.ops.conftest import Deployed
from tests.unit.batches import NOW_MS, TARGET, sealed, sealed_event

MINUTE_MS = 60_000


def delivered(relay: Deployed, batch: Batch, state: str, at_ms: int) -> None:
    claim(batch, relay.ledger, at_ms)
    relay.ledger.insert([{**sealed_item(batch, at_ms), "state": state, "attempt": 1}])


@pytest.fixture
def three(relay: Deployed) -> Deployed:
    paid = replace(
        sealed_event("paid"), topic="order.paid", sender="shop.example", correlation_id="checkout-7"
    )
    sent = replace(sealed_event("sent", conversation="c9"), topic="parcel.sent", routes=("steps",))
    (first,) = sealed([paid])
    (second,) = sealed([sent], target=replace(TARGET, destination="notes"))
    (third,) = sealed([sealed_event("call")])
    delivered(relay, first, "DONE", NOW_MS)
    delivered(relay, second, "REJECTED", NOW_MS + MINUTE_MS)
    delivered(relay, third, "OPEN", NOW_MS + 2 * MINUTE_MS)
    return relay


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code = main(["list", "--from", "2026-01-09T00:00Z", *arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize("is_keyed", [True, False], ids=["keyed", "by the previous release"])
def test_events_with_a_personal_name_are_listed(
    three: Deployed, capsys: pytest.CaptureFixture[str], is_keyed: bool
) -> None:
    name = "tel:+4930901820"
    partition = hidden(name, lambda: PERSONAL_KEY) if is_keyed else ""
    (batch,) = sealed([replace(sealed_event("x", conversation=name), partition=partition)])
    delivered(three, batch, "DONE", NOW_MS)

    (event,) = told(capsys, "--field", f"conversation={name}")["events"]

    assert event["request"] == batch.batch_id


def topics(answer: Any) -> list[str]:
    return [event["topic"].rpartition(".")[2] for event in answer["events"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], ["paid", "sent", "acw"]),
        (["--from", "2026-01-09T10:01Z"], ["sent", "acw"]),
        (["--to", "2026-01-09T10:01Z"], ["paid"]),
        (["--to", "1s", "--state", "delivered"], ["paid"]),
        (["--topic", "order.*"], ["paid"]),
        (["--topic", "order"], []),
        (["--topic", "c.acw"], ["acw"]),  # as tables show it
        (["--topic", "c.ac*"], []),
        (["--destination", "notes"], ["sent"]),
        (["--state", "rejected"], ["sent"]),
        (["--state", "being written"], ["acw"]),
        (["--field", "sender=shop.example"], ["paid"]),
        (["--field", "correlation=checkout-7", "--field", "sender=shop.example"], ["paid"]),
        (["--field", "correlation=checkout-7", "--field", "sender=other"], []),
        (["--field", "conversation=c9"], ["sent"]),
        (["--field", "correlation=checkout"], ["paid"]),
        (["--field", "correlation=check"], []),
        (["--field", "sender=shop.exampl"], []),
        (["--field", "route=steps"], ["sent"]),
    ],
)
def test_events_are_found_by_their_fields(
    three: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str], found: list[str]
) -> None:
    answer = told(capsys, *arguments)

    assert topics(answer) == found
    assert answer["after"] is None


@pytest.mark.parametrize("option", ["--most", "--read"])
def test_reading_on_shows_each_event_once(
    three: Deployed, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    seen: list[str] = []
    answer = told(capsys, option, "1")
    for _ in range(10):
        seen += topics(answer)
        if answer["after"] is None:
            break
        answer = told(capsys, option, "1", "--after", answer["after"])

    assert sorted(seen) == ["acw", "paid", "sent"]
    assert answer["after"] is None


def test_a_line_in_a_pipe_names_event_and_request_in_one_piece(
    three: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    event = told(capsys, "--topic", "order.*")["events"][0]

    assert main(["list", "--from", "2026-01-09T00:00Z", "--most", "2"]) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if event["identity"] in line and "  " in line]
    assert event["request"] in line
    assert line.rstrip().endswith("delivered")
    assert "2 events in" in said
    assert "--after " in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--state", "gone"], "gone is not a state of a request"),
        (["--field", "amount=5"], "amount=5 is not a field"),
        (["--field", "sender"], "sender is not a field"),
        (["--from", "noon"], "noon is not a valid time"),
        (["--from", "5m"], "2026-11-21T03:00Z, or how long ago: 90s, 15min, 2h or 3d"),
        (["--from", "2 hours"], "2 hours is no"),
        (["--from", "1h", "--to", "2h"], "--from must be earlier than --to"),
        (["--from", "2099-01-01T00:00Z"], "--from must be earlier than --to"),
        (["--after", "nowhere"], "nowhere is not a valid place"),
    ],
)
def test_a_meaningless_choice_gives_one_sentence(
    relay: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    assert main(["list", *arguments]) == 2
    assert word in capsys.readouterr().err


def test_nothing_found_says_how_much_was_read(
    three: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--from", "1h"]) == 0
    assert "No event in 6 items of the ledger; there are no more." in capsys.readouterr().out


def test_pairs_with_the_same_content_are_listed(
    three: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    joined, again = (
        replace(sealed_event(said), identity=f"{'j' * 16}{said:0>10}", content="j" * 16)
        for said in ("one", "two")
    )
    for number, event in enumerate((joined, again)):
        (batch,) = sealed([event], nonce=str(number))
        delivered(three, batch, "DONE", NOW_MS)

    found = told(capsys, "--same-content")["events"]

    assert {event["identity"] for event in found} == {joined.identity, again.identity}
    assert told(capsys, "--same-content", "--topic", "order.*")["events"] == []
