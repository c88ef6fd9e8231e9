"""The doctor sees that an account lets too few functions run at once, as a new one does."""

from typing import Any

import pytest

from ops import concurrency
from ops.errors import OpsError


class Account:
    """An account with this limit of concurrent invocations, and a stack with three queues."""

    is_embedded = False

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self.functions = self
        kind = "AWS::Lambda::EventSourceMapping"
        self.resources = {str(n): (kind, f"id-{n}") for n in range(3)}
        self.resources["function"] = ("AWS::Lambda::Function", "f")

    def get_account_settings(self) -> Any:
        # docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._allowed}}

    def get_event_source_mapping(self, *, UUID: str) -> Any:
        return {"UUID": UUID, "ScalingConfig": {"MaximumConcurrency": 5}}


def test_ten_are_too_few() -> None:
    relay: Any = Account(10)

    with pytest.raises(OpsError, match=r"allows 10 concurrent .* may need 17: request an increase"):
        concurrency.enough(relay)


def test_a_limit_of_as_many_as_may_run_is_enough() -> None:
    relay: Any = Account(17)

    assert concurrency.enough(relay) == "at most 17 of 17 concurrent invocations"
