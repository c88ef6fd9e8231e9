"""A ledger that is restored to another table: what the doctor says about it, and its remedy."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdas.adapters.ledger import DynamoLedger
from lambdas.relay.destinations.destination import KeyPolicy
from lambdas.relay.kernel.limits import DAY_S, RESTORABLE_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import REVIEW
from lambdas.relay.review.cases import keep_for_review, keep_record_for_review
from lambdas.relay.review.resolution import find
from ops import checks
from ops.__main__ import main
from ops.connection import CLOCK
from ops.errors import OpsError
from ops.review import facts
from tests.ops.conftest import Deployed
from tests.unit.batches import NOW_MS, batch_of

RESTORED = "restored"
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
CLAIM: Any = {"pk": {"S": "C#one"}, "sk": {"S": "C"}, "batch": {"S": "b"}}


def ledger(relay: Deployed) -> str:
    (check,) = (check for check in checks.ALL if check.name == "ledger")
    return check.look(relay)


def commands() -> list[str]:
    """The AWS commands of the runbook's section, in their order."""
    section = RUNBOOK.read_text("utf-8").split("\n### Restore the ledger\n")[1].split("\n### ")[0]
    spoken = re.findall(r"`(aws [^`]+)`|^ *(aws .+)$", section, re.MULTILINE)
    return [" ".join((inline or line).split()) for inline, line in spoken]


def run(command: str, relay: Deployed) -> None:
    """As the AWS command line would: each option becomes the parameter of that name."""
    program, service, operation, *rest = shlex.split(command)
    assert (program, service) == ("aws", "dynamodb")
    waiter = rest.pop(0) if operation == "wait" else ""
    given = {}
    for option in re.findall(r"--(\S+)((?: (?!--)\S+)?)", " ".join(rest)):
        name = "".join(part.title() for part in option[0].split("-"))
        given[name] = _value(option[1].strip())
    client: Any = relay.dynamodb
    if waiter:
        client.get_waiter(waiter.replace("-", "_")).wait(**given)
    else:
        getattr(client, operation.replace("-", "_"))(**given)


def _value(said: str) -> Any:
    if said in ("", "true"):
        return True
    if "=" in said:
        return {key: _value(value) for key, value in (row.split("=") for row in said.split(","))}
    is_time = re.fullmatch(r"[\d-]+T[\d:]+Z", said)
    return datetime.fromisoformat(said) if is_time else said


def test_the_commands_of_the_runbook_bring_the_ledger_back(relay: Deployed) -> None:
    relay.dynamodb.put_item(TableName="ledger", Item=CLAIM)
    found = commands()
    assert len(found) == 5

    for command in found:
        run(command.replace("<LedgerTableName of the outputs>", "ledger"), relay)

    relay.made["LedgerTableName"] = "genesys-relay-restored"
    assert ledger(relay).startswith("genesys-relay-restored has expiry")
    table = relay.dynamodb.describe_table(TableName="genesys-relay-restored")["Table"]
    assert table["DeletionProtectionEnabled"]


@pytest.fixture
def restored(relay: Deployed) -> Deployed:
    """As in the runbook: a claim, the restored table, the setting, the deploy."""
    relay.dynamodb.put_item(TableName="ledger", Item=CLAIM)
    relay.dynamodb.restore_table_to_point_in_time(
        SourceTableName="ledger",
        TargetTableName=RESTORED,
        RestoreDateTime=datetime(2026, 11, 1, tzinfo=UTC),
    )
    relay.made["LedgerTableName"] = RESTORED
    return relay


def test_a_restored_table_lacks_expiry_and_recovery_and_the_remedy_names_the_commands(
    restored: Deployed,
) -> None:
    with pytest.raises(OpsError) as wrong:
        ledger(restored)

    said = str(wrong.value)
    assert f"aws dynamodb update-time-to-live --table-name {RESTORED}" in said
    assert f"aws dynamodb update-continuous-backups --table-name {RESTORED}" in said


def test_after_the_remedy_it_is_a_ledger_like_any_other_and_knows_its_claims(
    restored: Deployed,
) -> None:
    restored.dynamodb.update_time_to_live(
        TableName=RESTORED,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
    restored.dynamodb.update_continuous_backups(
        TableName=RESTORED,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )

    assert ledger(restored) == f"{RESTORED} has expiry and point-in-time recovery"
    found = restored.dynamodb.get_item(
        TableName=RESTORED, Key={"pk": CLAIM["pk"], "sk": CLAIM["sk"]}
    )
    assert found["Item"] == CLAIM


def test_a_table_restored_without_its_index_is_no_ledger(relay: Deployed) -> None:
    relay.dynamodb.create_table(
        TableName=RESTORED,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    relay.made["LedgerTableName"] = RESTORED

    with pytest.raises(OpsError, match="no index attention"):
        ledger(relay)


def test_what_was_under_way_at_the_time_of_the_restore_is_in_doubt(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sealed then, sent since: taken as it is, it would be sent once more unlisted."""
    states = ("SEALED", "OPEN", "PENDING_EVENT", "DONE")
    batches = {state: batch_of(state) for state in states}
    for state, batch in batches.items():
        item = {**sealed_item(batch, NOW_MS), "state": state}
        if state == "DONE":
            del item["attention"], item["due_at"]
        relay.ledger.insert([item])
    in_doubt = batch_of("older")
    relay.ledger.insert(
        [{**sealed_item(in_doubt, NOW_MS), "state": "OPEN", "doubt_since_ms": NOW_MS}]
    )
    relay.dynamodb.restore_table_to_point_in_time(
        SourceTableName="ledger",
        TargetTableName=RESTORED,
        RestoreDateTime=datetime(2026, 11, 1, tzinfo=UTC),
    )

    for marked in (3, 3):  # repeating it changes nothing
        assert main(["mark-restored", "--table", RESTORED]) == 0
        assert f"{marked} requests of {RESTORED}" in capsys.readouterr().out

    ledger = DynamoLedger(relay.dynamodb, RESTORED)
    found = ledger.find([record_key(batch.batch_id) for batch in batches.values()])
    doubtful = [
        state
        for state, item in zip(states, found, strict=True)
        if item and "doubt_since_ms" in item
    ]
    assert doubtful == ["SEALED", "OPEN"]
    (older,) = ledger.find([record_key(in_doubt.batch_id)])
    assert older is not None
    # It may have gone out in parts since, so that its own key proves nothing.
    assert not KeyPolicy(honoured_s=30 * DAY_S).trusted(older["doubt_since_ms"], NOW_MS)


def test_cases_that_the_restored_ledger_does_not_know_are_listed_again(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found by the simulation: the document of the case stayed, and nobody was reminded of it."""
    now_ms = CLOCK.now_ms()
    since, known, aged, lost = (batch_of(name) for name in ("since", "known", "aged", "lost"))
    relay.ledger.insert([{**sealed_item(known, NOW_MS), "state": "OPEN"}])
    relay.dynamodb.restore_table_to_point_in_time(
        SourceTableName="ledger",
        TargetTableName=RESTORED,
        RestoreDateTime=datetime(2026, 11, 1, tzinfo=UTC),
    )
    old_ms = now_ms - RESTORABLE_S * 1000 - 1
    for batch, at_ms in ((since, now_ms), (known, now_ms), (aged, old_ms)):
        keep_for_review(batch, Code.STATUS(400), relay.vault, at_ms)
    keep_record_for_review(lost.batch_id, Code.ABANDONED(), "", relay.vault, now_ms)

    for relisted in ("1 case listed", "0 cases listed"):  # repeating it changes nothing
        assert main(["mark-restored", "--table", RESTORED]) == 0
        assert relisted in capsys.readouterr().out

    ledger = DynamoLedger(relay.dynamodb, RESTORED)
    assert ledger.due(REVIEW, now_ms // 1000, 10) == [record_key(since.batch_id)]
    case = find(since.batch_id, ledger, relay.vault)
    assert (case.batch, case.record.state) == (since, "MANUAL_REVIEW")
    # The attempts before the restore are forgotten with the record.
    assert ("in doubt", "yes: it may have taken effect at any time") in facts(case)
    (item,) = ledger.find([record_key(known.batch_id)])
    assert item is not None
    assert item["state"] == "OPEN"


def test_a_damaged_document_of_a_case_is_named_and_keeps_no_other_from_the_list(
    relay: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.dynamodb.restore_table_to_point_in_time(
        SourceTableName="ledger",
        TargetTableName=RESTORED,
        RestoreDateTime=datetime(2026, 11, 1, tzinfo=UTC),
    )
    relay.vault.keep("review/0000.json", "{")
    keep_for_review(batch_of("sound"), Code.STATUS(400), relay.vault, CLOCK.now_ms())

    assert main(["mark-restored", "--table", RESTORED]) == 0

    told = capsys.readouterr()
    assert "1 case listed" in told.out
    assert "review/0000.json" in told.out + told.err
