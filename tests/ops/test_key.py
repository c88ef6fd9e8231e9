"""The doctor's look at a customer's key: usable, also by the services (moto's KMS answers)."""

import json
from typing import Any

import pytest

from ops import key
from ops.errors import OpsError
from stacks.key_policy import statements
from tests.ops.conftest import Deployed


@pytest.fixture
def keyed(relay: Deployed) -> Deployed:
    made: Any = relay.client("kms").create_key()["KeyMetadata"]
    relay.made[key.OUTPUT] = made["Arn"]
    let_in(relay, statements(made["Arn"]))
    return relay


def let_in(relay: Deployed, said: list[Any]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": said})
    relay.client("kms").put_key_policy(
        KeyId=relay.made[key.OUTPUT], PolicyName="default", Policy=policy
    )


def test_a_key_that_all_may_use_is_fine(keyed: Deployed) -> None:
    assert key.usable(keyed).endswith("is enabled, and the services may use it")


def test_without_a_key_there_is_nothing_to_check(relay: Deployed) -> None:
    assert key.usable(relay) == "AWS's own keys"


def test_a_service_that_may_not_use_it_is_named(keyed: Deployed) -> None:
    said = statements(keyed.made[key.OUTPUT])
    let_in(keyed, [one for one in said if one["Sid"] != "GenesysRelayEvents"])

    with pytest.raises(OpsError, match=r"not let events\.amazonaws\.com use it: .* ARGS=--key"):
        key.usable(keyed)


def test_a_key_that_is_to_be_deleted_is_an_emergency(keyed: Deployed) -> None:
    bare_id = keyed.made[key.OUTPUT].rpartition("/")[2]
    keyed.client("kms").schedule_key_deletion(KeyId=bare_id)

    with pytest.raises(OpsError, match="PendingDeletion: nothing can be read or written"):
        key.usable(keyed)
