"""`relay redeliver`: the order is on record before EventBridge (moto's) replays under its name."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.redelivery import as_ordered
from lambdas.relay.messages.sealing import SealedEvent
from lambdas.relay.requests.sending import sealed_item
from ops import archives, replay_archive
from ops.__main__ import main
from ops.connection import CLOCK
from tests.ops.conftest import Deployed
from tests.ops.test_runbook import RUNBOOK, section_of, spoken
from tests.unit.batches import sealed, sealed_event

DAY_MS = 86_400_000
MINUTE_MS = 60_000
NOTE = ("--note", "the contact list was deleted")


@pytest.fixture
def shop(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A bus with its archive and the rule that leads to the events queue; two events passed."""
    bus = relay.events.create_event_bus(Name="relay-bus")["EventBusArn"]
    rule: Any = {"Name": "genesys-relay-test-relay", "EventBusName": "relay-bus"}
    relay.events.put_rule(**rule, EventPattern='{"source": ["shop.example"]}')
    queue = relay.sqs.get_queue_attributes(
        QueueUrl=relay.made["EventsQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    relay.events.put_targets(
        Rule=rule["Name"], EventBusName="relay-bus", Targets=[{"Id": "1", "Arn": queue}]
    )
    relay.events.create_archive(ArchiveName="ours", EventSourceArn=bus)
    relay.made["RelayBusName"] = "relay-bus"
    monkeypatch.setattr(
        Deployed, "resources", {"Archive": ("AWS::Events::Archive", "ours")}, raising=False
    )
    monkeypatch.setattr(archives, "ARCHIVE_LAG_S", -60)
    monkeypatch.setattr(replay_archive, "POLL_EVERY_S", 0)
    for said in ("paid", "sent"):
        published(relay, said)
    for event in arrived(relay):
        delivered(relay, event, route="steps" if event.topic == "paid" else "notes")
    return relay


def published(relay: Deployed, said: str) -> None:
    entry: Any = {
        "EventBusName": "relay-bus",
        "Source": "shop.example",
        "DetailType": said,
        "Detail": json.dumps({"order": said}),
    }
    assert relay.events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def arrived(relay: Deployed) -> list[Event]:
    """Takes what waits in the events queue."""
    url, found = relay.made["EventsQueueUrl"], []
    while got := relay.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in got:
            found.append(parse_event(message["Body"], CLOCK.now_ms()))
            relay.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def as_sealed(event: Event, route: str) -> SealedEvent:
    return replace(
        sealed_event(event.topic),
        identity=event.identity,
        payload_hash=event.payload_hash,
        topic=event.topic,
        entrance=event.entrance,
        routes=(route,),
        redelivery=event.redelivery,
    )


def delivered(relay: Deployed, event: Event, route: str) -> None:
    (batch,) = sealed([as_sealed(event, route)], nonce=event.identity)
    now_ms = CLOCK.now_ms()
    relay.ledger.insert([{**sealed_item(batch, now_ms), "state": "DONE", "attempt": 1}])
    claim(batch, relay.ledger, now_ms)


def times() -> list[str]:
    now_ms = CLOCK.now_ms()
    return ["--from", iso(now_ms - DAY_MS), "--to", iso(now_ms + MINUTE_MS // 2)]


def ordered(*arguments: str) -> int:
    return main(["redeliver", "--bus", "relay", *times(), *NOTE, *arguments])


@pytest.mark.parametrize("part", ["### Undelivered", "### Restore the ledger"])
def test_the_runbook_s_replay_brings_back_what_the_bus_had(shop: Deployed, part: str) -> None:
    """As written there, with times in the places of words, and the bus that this one has."""
    (said, *_) = (
        command
        for command in spoken(section_of(RUNBOOK.read_text("utf-8"), part))
        if command.startswith("relay replay-archive --from")
    )
    since, until = times()[1::2]
    given = re.sub(r"<[^>]+>", "{}", said.removesuffix(" --dry-run")).format(since, until)
    command = [*given.split()[1:], "--bus", "relay"]

    assert main([*command, "--dry-run"]) == 0
    assert not arrived(shop)

    assert main([*command, "--yes"]) == 0
    assert sorted(event.topic for event in arrived(shop)) == ["paid", "sent"]


def test_a_dry_run_lists_what_would_go_out_and_changes_nothing(
    shop: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ordered("--topic", "paid", "--dry-run") == 0

    said = capsys.readouterr().out
    assert "1 event would take effect once more. Nothing was changed." in said
    assert "paid" in said
    assert not shop.events.list_replays()["Replays"]
    assert not arrived(shop)


def test_the_replay_brings_what_was_ordered_as_an_effect_of_its_own(
    shop: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ordered("--route", "steps", "--yes", "--json") == 0
    row = json.loads(capsys.readouterr().out)

    events = arrived(shop)
    assert {event.topic for event in events} == {"paid", "sent"}
    assert {event.redelivery for event in events} == {row["redelivery"]}
    routes = {"paid": "steps", "sent": "notes"}
    owned = []
    for event in events:
        (batch,) = sealed([as_sealed(event, routes[event.topic])], nonce=f"again {event.topic}")
        if claim(as_ordered(batch, shop.ledger), shop.ledger, CLOCK.now_ms()).owned:
            owned.append(event.topic)
    assert owned == ["paid"]
    assert main(["list", "--field", f"redelivery={row['redelivery']}", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)["events"]
    assert shown["identity"] == row["events"][0]


def test_if_nothing_was_delivered_it_says_so(
    shop: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ordered("--topic", "order.*", "--yes") == 0
    assert "No delivered event matches" in capsys.readouterr().out
    assert not shop.events.list_replays()["Replays"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--note", " "], "--note is empty"),
        (["--field", "amount=5"], "amount=5 is not a field"),
    ],
)
def test_a_meaningless_choice_gives_one_sentence(
    shop: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    assert ordered(*arguments) == 2
    assert word in capsys.readouterr().err


def test_more_than_one_order_can_name_is_refused(
    shop: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.relay.ledger.redelivery.EVENTS_MAX", 1)

    assert ordered("--yes") == 2
    assert "More than 1 events match" in capsys.readouterr().err
    assert not shop.events.list_replays()["Replays"]
