"""`relay trace`: one name, and the whole history of what it names, on one screen."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.kernel.personal import hidden
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.ledger.claims import claim, claim_key
from lambdas.relay.messages.sealing import Batch, SealedEvent, encode
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.routes.mapping import item_ids
from ops.__main__ import main
from ops.audit_trail import EventWay, RequestWay, Trace
from ops.event_history import ways
from ops.ledger_search import is_meant
from simulation.memory.credentials import PERSONAL_KEY
from tests.ops.conftest import Deployed, dead_letter_in
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


def test_a_conversation_shows_only_its_own_events(
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


def test_a_request_shows_all_its_events(
    split: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(told(capsys, BATCH.batch_id)) == 2


def test_the_whole_history_fits_on_one_screen(
    split: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", BATCH.events[1].identity]) == 0

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= SCREEN_LINES
    assert "400 no such id" in shown


def test_many_events_fit_on_one_screen_those_in_trouble_among_them(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    (fine,) = sealed([sealed_event(f"a{number}", conversation="c1") for number in range(50)])
    (late,) = sealed([sealed_event("b", conversation="c1")])
    for batch, state in ((fine, "DONE"), (late, "REJECTED")):
        claim(batch, relay.ledger, NOW_MS)
        written(relay, batch, state, attempt=1)

    assert main(["trace", "c1"]) == 0

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= SCREEN_LINES
    assert "c1: 51 events" in shown
    assert late.events[0].identity in shown
    assert "... and 21 events more: --json lists them." in shown
    assert len(told(capsys, "c1")) == 51


def test_an_unknown_name_is_reported_as_unknown(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "nobody"]) == 2
    assert "Nothing is known of nobody" in capsys.readouterr().err


# Any name that a person may see


PART = BATCH.part([1])


@pytest.mark.parametrize(
    "name",
    [
        BATCH.events[1].identity[:8],
        BATCH.events[1].envelope_id,
        PART.batch_id[:8],
        BATCH.batch_id[:13],
        "checkout-7",
    ],
)
def test_the_beginning_of_any_id_is_enough(
    split: Deployed, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    split.dynamodb.update_item(
        TableName="ledger",
        Key={"pk": {"S": f"C#{BATCH.events[1].owner}"}, "sk": {"S": _claim_of(BATCH.events[1])}},
        UpdateExpression="SET correlation_id = :c",
        ExpressionAttributeValues={":c": {"S": "checkout-7"}},
    )

    assert BATCH.events[1].identity in {event["identity"] for event in told(capsys, name)}


def _claim_of(event: SealedEvent) -> str:
    return claim_key(event, BATCH.target.destination)[1]


def test_an_ambiguous_beginning_asks_for_more(
    relay: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.ledger_search.NAMES_MAX", 1)
    claim(BATCH, relay.ledger, NOW_MS)
    for n in range(2):
        relay.ledger.insert([{"pk": f"R#abcd-{n}", "sk": "R", "state": "DONE"}])

    assert main(["trace", "abcd"]) == 2
    assert "give more of it" in capsys.readouterr().err


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_text_is_no_name(
    relay: Deployed, capsys: pytest.CaptureFixture[str], empty: str
) -> None:
    claim(BATCH, relay.ledger, NOW_MS)

    assert main(["trace", empty]) == 2
    assert "Whose history?" in capsys.readouterr().err


def with_members(relay: Deployed, batch: Batch, **members: Any) -> None:
    claim(batch, relay.ledger, NOW_MS)
    written(relay, batch, "DONE", attempt=1, **members)


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"genesys_id": "e7a1c0de-1"}, "e7a1c0de"),
        ({"context_id": "c0ffee00-2"}, "c0ffee00"),
        ({"confirmed_by": "0badcafe-3"}, "0badcafe"),
        ({"conversation_id": "5eedf00d-4"}, "5eedf00d-4"),
        ({"duplicates": ["d00d1e00-5", "d00d1e00-6"]}, "d00d1e00-6"),
        ({"contradictions": ["fade0000-7"]}, "fade0000"),
        ({"expected": '[["Order-4711/A",{"k":1}]]'}, "Order-4711"),
        ({"redelivery": "redeliver-c0de"}, "redeliver-c0de"),
        ({"backfill": "backfill-c0de"}, "backfill-c0"),
    ],
)
def test_whatever_an_item_shows_is_a_name(members: dict[str, Any], name: str) -> None:
    assert is_meant(name, {"pk": "R#a", "sk": "R", **members})
    assert not is_meant("another", {"pk": "R#a", "sk": "R", **members})


def test_a_damaged_record_has_no_names_but_its_own() -> None:
    broken = {"pk": "R#a1", "sk": "R", "expected": "[1, checkout", "duplicates": 7, "routes": 7}

    assert not is_meant("checkout", broken)
    assert is_meant("a1", broken)


CALL = "7f3b8c1e-5d2a-4e6f-9a0b-1c2d3e4f5a6b"
(OF_CALL,) = sealed([sealed_event("a", conversation=CALL)])


def test_a_name_is_found_as_people_paste_it(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    with_members(relay, OF_CALL, context_id="c0ffee00-2")
    identity = OF_CALL.events[0].identity

    for name in (
        f" {CALL}\n",
        CALL.upper(),
        CALL[:8].upper(),
        f"{CALL[:8]}/{identity[:8]}",
        f"{CALL}/{identity}",
        identity.upper(),
        OF_CALL.batch_id.upper(),
        "c0ffee00",
    ):
        assert [event["request"] for event in told(capsys, name)] == [OF_CALL.batch_id], name


@pytest.mark.parametrize("is_keyed", [True, False], ids=["keyed", "by the previous release"])
@pytest.mark.parametrize("kept", ["tel:+4915112345678", "+4915112345678"])
def test_a_telephone_number_is_found_however_it_is_written(
    relay: Deployed, capsys: pytest.CaptureFixture[str], kept: str, is_keyed: bool
) -> None:
    """In a conversation named by it, whose claims have its hash, and in what is not delivered."""
    written_so = ("tel:+4915112345678", "+49 151 1234-5678", "+49 (151) 12345678", "+4915112345678")
    event = sealed_event("a", conversation=kept)
    partition = hidden(kept, lambda: PERSONAL_KEY) if is_keyed else ""
    (batch,) = sealed([replace(event, partition=partition)])
    with_members(relay, batch)
    dead_letter_in(relay, "events", json.dumps({"to": kept}), reason="the ledger does not answer")

    for name in written_so:
        assert [event["request"] for event in told(capsys, name)] == [batch.batch_id], name
    relay.dynamodb.delete_item(TableName="ledger", Key=_key_of(batch))
    for name in written_so:
        assert [place["where"] for place in told(capsys, name)] == ["events-dead"], name


def _key_of(batch: Batch) -> Any:
    pk, sk = claim_key(batch.events[0], batch.target.destination)
    return {"pk": {"S": pk}, "sk": {"S": sk}}


# Wherever it is


MESSAGE = json.dumps({"id": "order-4711", "type": "order.paid"})


def test_what_nobody_could_read_is_found_by_what_it_says(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"reason": "detail has no occurredAt", "at_ms": 1, "message": MESSAGE}
    relay.vault.keep("quarantine/abcdefgh.json", json.dumps(document))

    (found,) = told(capsys, "order-4711")
    assert found["where"] == "quarantine"
    assert main(["trace", "abcdef"]) == 0
    said = capsys.readouterr().out
    assert "detail has no occurredAt" in said
    assert "relay review show abcdefgh" in said


def test_a_dead_letter_is_found_by_what_it_says_and_by_its_own_id(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_in(relay, "events", MESSAGE, reason="the ledger does not answer")

    (found,) = told(capsys, "order-4711")
    assert found["where"] == "events-dead"
    assert "the ledger does not answer" in found["fate"]
    assert found["command"] == f"relay dead-letters show {found['id']}"
    assert told(capsys, found["id"][:8]) == [found], "dead letters are released after each look"


def test_what_still_waits_in_a_queue_is_found(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.queue(relay.line("events").url).send([Outgoing(MESSAGE)])

    (found,) = told(capsys, "order-4711")
    assert (found["where"], found["fate"]) == ("events", "waits in the queue")


@pytest.mark.parametrize("is_ascii", [True, False])
def test_what_json_escapes_is_found(
    relay: Deployed, capsys: pytest.CaptureFixture[str], is_ascii: bool
) -> None:
    """A document's escapes depend on who wrote it; the vault's documents hold the message."""
    said = json.dumps({"name": 'J\u00fcrgen "Jo" \U0001f600'}, ensure_ascii=is_ascii)
    document = {"reason": "detail has no occurredAt", "at_ms": 1, "message": said}
    relay.vault.keep("quarantine/abcdefgh.json", json.dumps(document, ensure_ascii=is_ascii))

    assert [place["where"] for place in told(capsys, 'j\u00fcrgen "Jo" \U0001f600')] == [
        "quarantine"
    ]
    relay.vault.discard("quarantine/abcdefgh.json")
    (batch,) = sealed([sealed_event("a")])
    written(relay, batch, "REJECTED", attempt=1)
    relay.vault.keep(f"review/{batch.batch_id}.json", json.dumps(document, ensure_ascii=is_ascii))
    assert main(["trace", 'j\u00fcrgen "Jo"']) == 0
    assert batch.batch_id in capsys.readouterr().out


def test_a_message_in_a_queue_is_found_by_its_own_id(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = relay.sqs.send_message(QueueUrl=relay.line("writes").url, MessageBody="{}")

    assert [place["where"] for place in told(capsys, sent["MessageId"][:8].upper())] == ["writes"]


def test_what_cannot_be_searched_is_not_reported_as_absent(
    relay: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is more than is read, or a function has it at this moment."""
    for limit in ("LETTERS_MAX", "DOCUMENTS_MAX", "MESSAGES_MAX"):
        monkeypatch.setattr(f"ops.elsewhere.{limit}", 1)
    for number in range(2):
        dead_letter_in(relay, "checks", "{}", reason="429")
        relay.vault.keep(f"quarantine/{number}.json", json.dumps({"message": "{}", "reason": "r"}))
        relay.vault.keep(f"sealed/{number}.json", "{}")
    events = relay.queue(relay.line("events").url)
    events.send([Outgoing("{}")])
    relay.sqs.receive_message(QueueUrl=relay.line("events").url, VisibilityTimeout=600)

    assert main(["trace", "nobody"]) == 2

    said = capsys.readouterr().err
    assert "Only 1 dead letters of checks were searched." in said
    assert "Only 1 messages in quarantine were searched." in said
    assert "Only 1 documents of sealed/ in the vault were searched." in said
    assert "1 message of events could not be read" in said
    assert "writes" not in said


def test_an_event_whose_request_is_a_dead_letter_says_so(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(BATCH, relay.ledger, NOW_MS)
    written(relay, BATCH, "OPEN", attempt=3)
    dead_letter_in(relay, "writes", encode(BATCH), reason="429")

    event, *others = told(capsys, BATCH.events[1].identity)
    assert event["fate"] == "is being written"
    assert [place["where"] for place in others] == ["writes-dead"]


def test_what_is_delivered_is_looked_for_nowhere_else(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(BATCH, relay.ledger, NOW_MS)
    written(relay, BATCH, "DONE", attempt=1)
    dead_letter_in(relay, "writes", encode(BATCH), reason="a copy")

    assert [event["fate"] for event in told(capsys, BATCH.batch_id)] == ["delivered"] * 2


def test_an_event_of_a_part_whose_record_is_missing_is_under_way() -> None:
    request = RequestWay(
        batch_id="b", state="SPLIT", destination="d", attempts=1, reposts=0, context_id="",
        genesys_id="", expected={}, confirmed_by="", reason="", parent="", parts=("gone",),
        compensated_by="", held=(), duplicates=(), contradictions=(), events=("c/i",), moments=(),
    )  # fmt: skip
    event = EventWay("c", "i", "d", "", "t", "e", NOW_MS, "b")

    (way,) = ways(Trace("c", (event,), (request,), is_partial=False))

    assert way.fate == "split into parts"


def test_a_record_that_is_gone_is_reported_as_gone() -> None:
    event = EventWay("c", "i", "d", "", "t", "e", NOW_MS, "b")

    (way,) = ways(Trace("i", (event,), (), is_partial=False))

    assert "missing" in way.fate
    assert record_key("b")[0] == "R#b"


# Names that the ledger does not hold


def business_event(own_id: str, sender: str, conversation: str = "") -> SealedEvent:
    """An event as intake seals it, of a sender that gave it an id."""
    said = json.loads(MESSAGE) | {"id": own_id, "occurredAt": "2026-01-09T10:00:00Z"}
    if conversation:
        said["identifiers"] = {"conversationId": conversation}
    text = {"source": sender, "detail-type": "order.paid", "detail": said, "id": "envelope"}
    event = parse_event(json.dumps(text), NOW_MS)
    assert event.source == sender
    return replace(
        sealed_event("x", conversation=conversation),
        identity=event.identity,
        payload_hash=event.payload_hash,
        sender=sender,
        routes=("steps",),
        item=json.dumps({"customer": "external-4712", "said": own_id}),
    )


@pytest.mark.parametrize("conversation", ["", "c7"])
def test_a_senders_own_id_is_found_although_nothing_keeps_it(
    relay: Deployed, capsys: pytest.CaptureFixture[str], conversation: str
) -> None:
    event = business_event("order-4711", "shop.example", conversation)
    (batch,) = sealed([event, business_event("order-4712", "shop.example")])
    claim(batch, relay.ledger, NOW_MS)
    written(relay, batch, "DONE", attempt=1)

    assert [one["identity"] for one in told(capsys, "order-4711")] == [event.identity]
    assert main(["trace", "order-4711", "--sender", "shop.example", "--json"]) == 0
    assert event.identity in capsys.readouterr().out
    assert main(["trace", "order-4711", "--sender", "somebody.else"]) == 2
    stored = relay.dynamodb.scan(TableName="ledger")["Items"]
    assert "order-4711" not in json.dumps(stored)


def test_the_id_that_an_event_has_in_genesys_is_found(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    event = business_event("order-4711", "shop.example")
    (batch,) = sealed([event, business_event("order-4712", "shop.example")])
    claim(batch, relay.ledger, NOW_MS)
    written(relay, batch, "DONE", attempt=1)

    ids = item_ids(event.identity, event.payload_hash, "steps")
    for name in (*ids, *(one[:8] for one in ids)):
        assert [one["identity"] for one in told(capsys, name)] == [event.identity]


@pytest.mark.parametrize(("keep", "state"), [("sealed", "PENDING_EVENT"), ("review", "REJECTED")])
def test_what_a_kept_payload_says_leads_to_its_request(
    relay: Deployed, capsys: pytest.CaptureFixture[str], keep: str, state: str
) -> None:
    (batch,) = sealed([business_event("order-4711", "shop.example")])
    claim(batch, relay.ledger, NOW_MS)
    written(relay, batch, state, attempt=1)
    message = encode(batch) if keep == "sealed" else json.dumps({"message": encode(batch)})
    relay.vault.keep(f"{keep}/{batch.batch_id}.json", message)

    (one,) = told(capsys, "external-4712")
    assert one["request"] == batch.batch_id


def test_a_search_that_ends_early_looks_elsewhere_and_says_so(
    split: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.ledger_search.READ_MAX", 1)

    assert main(["trace", "order-4711"]) == 2
    said = capsys.readouterr().err
    assert "the quarantine" in said
    assert "Only 1 item" in said
    assert "--thorough" in said

    dead_letter_in(split, "events", MESSAGE, reason="the ledger does not answer")
    assert main(["trace", "order-4711"]) == 0
    said = capsys.readouterr().out
    assert "relay dead-letters show" in said
    assert "--thorough" in said
