"""A ledger that is restored to another table: what the doctor says of it, and its remedy."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ops import checks
from ops.errors import OpsError
from tests.ops.conftest import Deployed

RESTORED = "restored"
CLAIM: Any = {"pk": {"S": "C#one"}, "sk": {"S": "C"}, "batch": {"S": "b"}}


def ledger(relay: Deployed) -> str:
    (check,) = (check for check in checks.ALL if check.name == "ledger")
    return check.look(relay)


@pytest.fixture
def restored(relay: Deployed) -> Deployed:
    """As the runbook has it: a claim, the table restored, the setting, deployed."""
    relay.dynamodb.put_item(TableName="ledger", Item=CLAIM)
    relay.dynamodb.restore_table_to_point_in_time(
        SourceTableName="ledger",
        TargetTableName=RESTORED,
        RestoreDateTime=datetime(2026, 11, 1, tzinfo=UTC),
    )
    relay.made["LedgerTableName"] = RESTORED
    return relay


def test_a_restored_table_lacks_expiry_and_recovery_and_the_remedy_says_the_commands(
    restored: Deployed,
) -> None:
    with pytest.raises(OpsError) as wrong:
        ledger(restored)

    said = str(wrong.value)
    assert f"aws dynamodb update-time-to-live --table-name {RESTORED}" in said
    assert f"aws dynamodb update-continuous-backups --table-name {RESTORED}" in said


def test_after_the_remedy_it_is_a_ledger_as_any_other_and_knows_its_claims(
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

    assert ledger(restored) == f"{RESTORED} forgets what is over and can be restored"
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
