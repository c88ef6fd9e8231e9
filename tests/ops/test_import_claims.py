"""relay import-claims: what another consumer has handled is a copy, and is not written."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import decode
from lambdas.relay.routes.configuration import Configuration
from ops.__main__ import main
from stacks.schema.parsing import parse
from tests.ops.conftest import Deployed, waiting
from tests.unit.simulated import envelope
from tests.unit.world import World

ITEM = {"said": "body.number"}
CONFIGURATION = parse(
    {
        "destinations": {"out": {"kind": "generic"}},
        "routes": [{"name": "all", "destination": "out", "topics": ["v2.detail.*"], "item": ITEM}],
    }
)


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    def deployed(_relay: object) -> Configuration:
        return CONFIGURATION

    monkeypatch.setattr("ops.deployed.configuration", deployed)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Four events, two of each conversation, with the members by which the other consumer
    identifies them."""
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(text(number) for number in range(4)))
    return path


def text(number: int) -> str:
    document = json.loads(envelope(number))
    document["detail"] |= {"conversationId": f"c{number // 2}", "timestamp": f"t{number}"}
    return json.dumps(document)


def imported(relay: Deployed, *arguments: str) -> list[str]:
    """What is sent to dedup."""
    assert main(["import-claims", "--yes", *arguments]) == 0
    return [message["Body"] for message in waiting(relay, relay.made["BatchesQueueUrl"])]


def scan(tmp_path: Path, *numbers: int) -> str:
    """The table of text D of docs/migration.md, as `aws dynamodb scan` writes it."""
    rows = [
        {
            "conversationId": {"S": f"c{n // 2}"},
            "timestamp": {"S": f"t{n}"},
            "expiresAt": {"N": "9"},
        }
        for n in numbers
    ]
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"Items": rows, "Count": len(rows)}, indent=2))
    return str(path)


def switched(messages: list[str]) -> list[Any]:
    """What the relay writes of the four events once it has the claims and is switched on."""
    world = World()
    deduplicating = DedupDeps(
        consumer=world.consumer(),
        ledger=world.ledger,
        writes=world.queue("writes"),
        checks=world.queue("checks"),
        destinations=("out",),
        confirmations={},
        answer_wait_s=70,
    )
    sealing = IntakeDeps(
        world.consumer(), world.queue("batches"), CONFIGURATION, world.personal_key
    )
    settle_each(world.deliver(*messages), lambda d: dedup(d, deduplicating), world.consumer())
    intake(world.deliver(*(text(number) for number in range(4))), sealing)
    live = world.deliver(*world.bodies("batches"))
    settle_each(live, lambda d: dedup(d, deduplicating), world.consumer())
    sent = [decode(body) for body in world.bodies("writes")]
    return [json.loads(event.item)["said"] for batch in sent for event in batch.events]


def test_what_the_other_table_holds_is_not_written_and_everything_else_is(
    relay: Deployed, events: Path, tmp_path: Path
) -> None:
    messages = imported(relay, "--events", str(events), "--known", scan(tmp_path, 0, 2, 7))

    assert all(decode(message).target.is_shadow for message in messages)
    assert switched(messages) == [1, 3]


def test_without_the_import_everything_would_be_written() -> None:
    assert switched([]) == [0, 1, 2, 3]


def test_without_a_table_all_is_claimed(relay: Deployed, events: Path) -> None:
    assert switched(imported(relay, "--events", str(events))) == []


def test_other_names_than_the_tutorials(relay: Deployed, events: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.ndjson"
    rows.write_text('{"number": 1}\n{"number": 3}\n')
    messages = imported(relay, "--events", str(events), "--known", str(rows), "--by", "number")
    assert switched(messages) == [0, 2]


def test_a_table_is_read_as_dynamodb_exports_it(
    relay: Deployed, events: Path, tmp_path: Path
) -> None:
    """DynamoDB's export to S3: a row on each line, in gzip (DynamoDB Developer Guide)."""
    rows = tmp_path / "export.json.gz"
    said = "".join(f'{{"Item":{{"number":{{"N":"{number}"}}}}}}\n' for number in (1, 3))
    rows.write_bytes(gzip.compress(said.encode()))

    messages = imported(relay, "--events", str(events), "--known", str(rows), "--by", "number")
    assert switched(messages) == [0, 2]


def test_a_dry_run_sends_nothing(
    relay: Deployed, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(relay, "--events", str(events), "--dry-run") == []
    assert "4 events, 4 of them handled elsewhere: 4 claims" in capsys.readouterr().out


def test_what_the_relay_would_set_aside_is_named(
    relay: Deployed, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events.write_text(text(1) + "\nnot an event\n")
    assert len(imported(relay, "--events", str(events))) == 1
    assert "the envelope is not JSON" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "by", "sentence"),
    [
        ("[]", "id", "contains no rows"),
        ('{"Items": 1}', "id", "contains no rows"),
        ('{"Items": null}', "id", "contains no rows"),
        ("{", "id", "cannot be read as JSON"),
        ('{"id": "1"}\n{"id": 2', "id", "cannot be read as JSON"),
        ('{"a": 1}', "id", "No row of the table has id"),
    ],
)
def test_what_cannot_be_matched_gives_one_sentence(
    relay: Deployed,
    events: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    table: str,
    by: str,
    sentence: str,
) -> None:
    path = tmp_path / "known.json"
    path.write_text(table)
    assert main(["import-claims", "--events", str(events), "--known", str(path), "--by", by]) == 2
    assert sentence in capsys.readouterr().err
