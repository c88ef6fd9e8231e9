"""`relay forget`: a person's traces go; what prevents duplicates stays."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.personal import hidden, impersonal
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.review.cases import park
from lambdas.relay.review.resolution import Decision, find, resolve
from ops.__main__ import main
from simulation.memory.credentials import PERSONAL_KEY
from tests.ops.conftest import Deployed
from tests.unit.batches import NOW_MS, sealed, sealed_event

PERSON = "Jane Müller-Kanarienvogel"
NUMBER = "+4915112345678"


def everything(relay: Deployed) -> str:
    """All that the ledger and the vault hold, with every version."""
    items = relay.dynamodb.scan(TableName="ledger")["Items"]
    texts = [json.dumps(items)]
    for row in relay.s3.list_object_versions(Bucket="vault").get("Versions", []):
        got = relay.s3.get_object(Bucket="vault", Key=row["Key"], VersionId=row["VersionId"])
        texts.append(got["Body"].read().decode())
    return "\n".join(texts)


def said(text: str) -> bool:
    return any(name in text for name in (PERSON, "Kanarienvogel", NUMBER))


def requested(conversation: str) -> Batch:
    event = replace(
        sealed_event("a", item=canonical({"mail": PERSON})), conversation_id=conversation
    )
    (batch,) = sealed([event])
    return batch


def decided(relay: Deployed, batch: Batch) -> None:
    """A person closed it; what Genesys said about it quotes its customer."""
    claim(batch, relay.ledger, NOW_MS)
    reason = f"400: {PERSON} is no name"
    park(
        batch,
        "REJECTED",
        Code.QUOTED(reason),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )
    resolve(
        find(batch.batch_id, relay.ledger, relay.vault),
        Decision("discard", "jo", "no use"),
        ledger=relay.ledger,
        vault=relay.vault,
        writes=relay.queue(relay.line("writes").url),
        now_ms=NOW_MS,
    )


@pytest.fixture
def known(relay: Deployed) -> Deployed:
    versioned: Any = {"Status": "Enabled"}
    relay.s3.put_bucket_versioning(Bucket="vault", VersioningConfiguration=versioned)
    decided(relay, requested("c-1"))
    for text in (PERSON, json.dumps({"detail": json.dumps({"mail": PERSON})})):
        relay.vault.keep("quarantine/k.json", canonical({"message": text}))
    relay.vault.keep("discarded/other.json", canonical({"message": "somebody else"}))
    return relay


def test_a_dry_run_counts_and_changes_nothing(
    known: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(known)

    assert main(["forget", PERSON, "--note", "wish 7", "--json"]) == 0

    row = json.loads(capsys.readouterr().out)
    assert (row["state"], row["items"]) == ("DRY_RUN", 1)
    assert row["documents"] == 3  # two in quarantine, and the case that was decided
    assert everything(known) == before


def test_only_the_fact_that_somebody_was_forgotten_is_left(
    known: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(everything(known))

    assert main(["forget", PERSON, "--note", "wish 7", "--apply", "--yes", "--json"]) == 0

    row = json.loads(capsys.readouterr().out)
    left = everything(known)
    assert not said(left)
    assert "somebody else" in left
    record = json.loads(known.vault.fetch(row["record"]) or "")
    assert (record["note"], record["documents"]) == ("wish 7", 3)


def test_what_was_delivered_is_not_delivered_again(known: Deployed) -> None:
    assert main(["forget", PERSON, "--note", "wish 7", "--apply", "--yes"]) == 0

    again = replace(requested("c-1"), batch_id="00000000-0000-4000-8000-00000000000f")
    assert claim(again, known.ledger, NOW_MS).owned == frozenset()


@pytest.mark.parametrize("form", ["as it is", "unkeyed"])
def test_a_claim_under_a_key_of_an_earlier_release_gets_its_current_key(
    relay: Deployed, form: str
) -> None:
    conversation = f"tel:{NUMBER}"
    batch = requested(conversation)
    keyed = replace(batch.events[0], partition=hidden(conversation, lambda: PERSONAL_KEY))
    # As an earlier release claimed and recorded it
    old = {"as it is": conversation, "unkeyed": impersonal(conversation)}[form]
    claim(replace(batch, events=(replace(keyed, partition=old),)), relay.ledger, NOW_MS)
    done = {**sealed_item(batch, NOW_MS), "state": "DONE"}
    relay.ledger.insert([{k: v for k, v in done.items() if k not in ("attention", "due_at")}])
    again = replace(batch, batch_id="00000000-0000-4000-8000-00000000000f", events=(keyed,))
    assert claim(again, relay.ledger, NOW_MS).duplicates == again.events

    assert main(["forget", NUMBER, "--note", "wish 8", "--apply", "--yes"]) == 0

    left = everything(relay)
    assert not said(left)
    assert impersonal(conversation) not in left
    assert claim(again, relay.ledger, NOW_MS).duplicates == again.events
    (item,) = relay.ledger.of(f"C#{keyed.partition}")
    assert item["batch_id"] == batch.batch_id


def test_what_waits_for_a_person_stays_and_is_named(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = requested("c-2")
    park(
        batch, "REJECTED", Code.QUOTED("400"), ledger=relay.ledger, vault=relay.vault, now_ms=NOW_MS
    )

    assert main(["forget", PERSON, "--note", "wish 9", "--apply", "--yes", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["under_way"] == [batch.batch_id]
    assert relay.vault.fetch(f"review/{batch.batch_id}.json") is not None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["jo", "--note", "x"], "too short to identify one person"),
        ([PERSON, "--note", " "], "--note is empty"),
        ([PERSON, "--note", f"{PERSON} asked"], "refer to the person's request instead"),
        ([PERSON, "--note", "x", "--apply", "--json"], "repeat the command with --yes"),
    ],
)
def test_a_mistake_gives_one_sentence(
    known: Deployed, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    before = everything(known)

    assert main(["forget", *arguments]) == 2

    assert sentence in capsys.readouterr().err
    assert everything(known) == before
