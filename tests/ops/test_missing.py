"""`relay audit` and `relay backfill`: Genesys is simulated, the ledger and the queue are moto's."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.relay.ledger.redelivery import order_key
from ops import missing
from ops.__main__ import main
from ops.connection import CLOCK
from tests.analytics import all_of, conversation
from tests.ops.conftest import Deployed
from tests.unit.audited import BY_MOMENT, World, configured

HOURS = 12


def begun(number: int) -> datetime:
    now = datetime.fromtimestamp(CLOCK.now_ms() // 1000, UTC)
    return now - timedelta(hours=HOURS - number)


class Shop(World):
    """A deployed relay and its Genesys."""

    def __init__(self, relay: Deployed, identity: dict[str, str]) -> None:
        super().__init__(configured(identity=identity))
        self.ledger = relay.ledger  # type: ignore[assignment]
        self.timeline.advance((CLOCK.now_ms() - self.timeline.now_ms) / 1000)
        self.told = [conversation(number, begun(number)) for number in range(8)]
        self.hold(*self.told)
        self._relay = relay

    def received(self) -> list[dict[str, Any]]:
        """Takes what the command has put into the events queue."""
        url, found = self._relay.made["EventsQueueUrl"], []
        while got := self._relay.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in got:
                found.append(json.loads(message["Body"]))
                self._relay.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def takes(self, envelopes: Sequence[dict[str, Any]]) -> int:
        """How many of these events take effect when they arrive."""
        before = self.telemetry.counts["Claimed"]
        self.arrive(envelopes)
        return int(self.telemetry.counts["Claimed"] - before)


def shop_of(
    relay: Deployed, monkeypatch: pytest.MonkeyPatch, identity: dict[str, str] | None = None
) -> Shop:
    made = Shop(relay, BY_MOMENT if identity is None else identity)
    monkeypatch.setattr(missing, "genesys_of", lambda _relay, _configuration: made.genesys())
    monkeypatch.setattr("ops.deployed.configuration", lambda _relay: made.configuration)
    return made


@pytest.fixture
def shop(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_of(relay, monkeypatch)


@pytest.fixture
def gap(shop: Shop) -> list[dict[str, Any]]:
    """The events of the two conversations that never came."""
    for each in shop.told[:3] + shop.told[5:]:
        shop.arrive(all_of(each))
    return [event for each in shop.told[3:5] for event in all_of(each)]


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def around() -> list[str]:
    return ["--from", begun(-1).isoformat(), "--to", begun(HOURS).isoformat()]


def test_nothing_missing_is_reported_and_exits_with_0(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in shop.told:
        shop.arrive(all_of(each))

    assert main(["audit"]) == 0
    assert "All of them arrived." in capsys.readouterr().out


@pytest.mark.usefixtures("gap")
def test_a_gap_is_named_and_drawn_and_needs_somebody(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "audit"]) == 1
    found = said(capsys)
    assert main(["audit"]) == 1
    shown = capsys.readouterr().out

    (only,) = found["gaps"]
    assert (found["expected"], found["missing"], found["missing_conversations"]) == (48, 12, 2)
    assert only["cause"] == "everything"
    assert only["conversations"] == sorted(each["conversationId"] for each in shop.told[3:5])
    assert only["from"] == shop.told[3]["conversationStart"].replace(".000Z", "Z")
    assert sum(slot["missing"] for slot in found["bar"]) == 12
    assert "12 events of 2 conversations never arrived" in shown
    assert "█" in shown
    assert "░" in shown


def test_without_yes_a_backfill_only_says_what_it_would_do(
    shop: Shop, gap: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "backfill", *around()]) == 0

    found = said(capsys)
    assert (len(found["events"]), found["left"], found["state"]) == (12, {}, "DRY_RUN")
    assert shop.received() == []


def test_a_backfill_needs_a_reason(
    shop: Shop, gap: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backfill", *around(), "--yes"]) == 2
    assert "--reason is empty" in capsys.readouterr().err
    assert shop.received() == []


def test_what_a_backfill_made_takes_effect_once_and_late_genuine_events_are_copies(
    relay: Deployed,
    shop: Shop,
    gap: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = ["--reason", "the integration was inactive", "--yes"]
    assert main(["--json", "backfill", *around(), *order]) == 0
    found = said(capsys)

    ordered = relay.ledger.find([order_key(found["backfill"])])[0]
    assert ordered is not None
    assert (ordered["note"], ordered["events"]) == ("the integration was inactive", found["events"])
    made = shop.received()
    assert len(made) == 12
    assert shop.takes(made[:7]) == 7
    assert shop.takes(gap) == 5
    assert shop.takes(made) == 0
    assert shop.takes(gap) == 0
    assert main(["audit"]) == 0
    capsys.readouterr()
    assert main(["--json", "list", "--field", f"backfill={found['backfill']}"]) == 0
    assert len(said(capsys)["events"]) == 7


@pytest.mark.parametrize(
    ("identity", "words"),
    [({}, "identity rule of this type is not moment"), (BY_MOMENT, "arrived in this period")],
)
def test_what_cannot_be_matched_with_a_genuine_event_is_not_made(
    relay: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    identity: dict[str, str],
    words: str,
) -> None:
    shop = shop_of(relay, monkeypatch, identity)

    assert main(["--json", "backfill", *around(), "--reason", "a gap", "--yes"]) == 0

    found = said(capsys)
    assert (found["events"], len(found["left"])) == ([], 6)
    assert all(words in why for why in found["left"].values())
    assert shop.received() == []


def test_a_type_whose_events_came_with_other_moments_is_not_made(
    shop: Shop, gap: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Then Genesys' record does not have its events' times, and proves nothing."""
    other = all_of(shop.told[3])[3]
    other["detail"]["eventBody"]["eventTime"] += 40
    shop.arrive([other])

    assert main(["--json", "backfill", *around()]) == 0

    found = said(capsys)
    assert len(found["events"]) == 10
    assert ["a time that differs" in why for why in found["left"].values()] == [True]


def test_a_time_that_the_ledger_has_forgotten_is_refused(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--from", "2020-01-01T00:00Z"]) == 2
    assert "choose a later --from" in capsys.readouterr().err
