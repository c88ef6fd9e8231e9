"""The doctor's look at the key for personal names."""

import pytest

from ops.errors import OpsError
from ops.personal import readable
from tests.ops.conftest import Deployed


def test_a_key_that_can_be_read_is_fine(relay: Deployed) -> None:
    assert readable(relay) == "readable"


def test_a_key_that_is_gone_gives_one_sentence(relay: Deployed) -> None:
    relay.secrets.delete_secret(
        SecretId=relay.made["PersonalKeySecretName"], ForceDeleteWithoutRecovery=True
    )

    with pytest.raises(OpsError, match=r"restore the secret arn:.*, or allow reading it") as said:
        readable(relay)
    assert "ResourceNotFound" in str(said.value)


def test_a_stack_without_one_must_be_deployed_again(relay: Deployed) -> None:
    del relay.made["PersonalKeySecretName"]

    with pytest.raises(OpsError, match="no output PersonalKeySecretName: deploy it again"):
        readable(relay)
