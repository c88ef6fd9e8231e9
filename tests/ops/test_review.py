"""`relay review`: what waits for a person is shown whole, and decided on once."""

import json
from typing import Any

import pytest

from lambdas.relay.attention.review import park
from lambdas.relay.canonical import canonical
from lambdas.relay.ledger.claims import claim
from lambdas.relay.sealing import decode
from ops.__main__ import main
from tests.ops.conftest import Deployed, waiting
from tests.unit.batches import NOW_MS, batch_of

BATCH = batch_of("a", "b")
UNREADABLE = "k" * 26


@pytest.fixture
def parked(relay: Deployed) -> Deployed:
    claim(BATCH, relay.ledger, NOW_MS)
    park(BATCH, "REJECTED", "400 no", ledger=relay.ledger, vault=relay.vault, now_ms=NOW_MS)
    relay.vault.keep(
        f"quarantine/{UNREADABLE}.json",
        canonical({"reason": "not JSON", "at_ms": NOW_MS, "message": "hello"}),
    )
    return relay


def state(relay: Deployed) -> str:
    item = relay.ledger.find([(f"R#{BATCH.batch_id}", "R")])[0]
    return "" if item is None else str(item["state"])


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_everything_that_waits_is_listed_with_its_reason(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "list", "--json"]) == 0

    told = {row["id"]: row for row in answer(capsys)}
    assert told[BATCH.batch_id]["reason"] == "400 no"
    assert told[BATCH.batch_id]["events"] == 2
    assert told[UNREADABLE]["state"] == "QUARANTINED"


def test_a_case_is_shown_whole_by_the_beginning_of_its_id(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "show", BATCH.batch_id[:6]]) == 0
    assert '"said": "a"' in capsys.readouterr().out
    assert main(["review", "show", UNREADABLE]) == 0
    assert "hello" in capsys.readouterr().out


def test_a_verdict_and_a_note_are_needed(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--happened", "--discard", "--note", "n"]
    assert main(["review", "resolve", BATCH.batch_id, "--note", "n", "--yes"]) == 2
    assert main(["review", "resolve", BATCH.batch_id, *both, "--yes"]) == 2
    assert main(["review", "resolve", BATCH.batch_id, "--happened", "--yes"]) == 2

    assert state(parked) == "REJECTED"


def test_a_dry_run_decides_nothing(parked: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    dry = ["review", "resolve", BATCH.batch_id, "--did-not-happen", "--note", "n", "--dry-run"]

    assert main(dry) == 0
    assert "Nothing was changed" in capsys.readouterr().out
    assert state(parked) == "REJECTED"


def test_what_did_not_happen_is_sent_again_once(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["review", "resolve", BATCH.batch_id, "--did-not-happen", "--note", "n", "--yes"]

    assert main(again) == 0
    assert main(again) == 2, "it does not wait any more"

    (sent,) = waiting(parked, parked.line("writes").url)
    assert decode(sent["Body"]).events == BATCH.events
    assert state(parked) == "SPLIT"


def test_an_unreadable_message_is_read_again_or_kept_as_discarded(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "resolve", UNREADABLE, "--happened", "--note", "n", "--yes"]) == 2
    assert main(["review", "resolve", UNREADABLE, "--did-not-happen", "--note", "n", "--yes"]) == 0

    (sent,) = waiting(parked, parked.line("events").url)
    assert sent["Body"] == "hello"
    assert main(["review", "show", UNREADABLE]) == 2


def test_what_is_discarded_leaves_the_list_and_not_the_vault(
    parked: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (BATCH.batch_id, UNREADABLE):
        assert main(["review", "resolve", name, "--discard", "--note", "n", "--yes"]) == 0

    assert len(parked.s3.list_objects_v2(Bucket="vault", Prefix="discarded/")["Contents"]) == 2
    capsys.readouterr()
    assert main(["review", "list"]) == 0
    assert "Nothing waits for a person." in capsys.readouterr().out


def test_an_unknown_case_is_said_to_be_unknown(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "show", "abc"]) == 2
    assert "Nothing waiting begins with abc" in capsys.readouterr().err
