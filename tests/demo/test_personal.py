"""A customer's telephone number is found wherever it must not be, and not where payload is."""

from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from demo.run import logs, personal
from demo.run.stage import Stage

NUMBER = "tel:+15555550123"


class Account:
    """An account whose every place holds `held`; what is read of it by `client`."""

    def __init__(self, place: str, held: str) -> None:
        self._place, self._held = place, held

    def _at(self, place: str) -> str:
        return self._held if place == self._place else "nothing"

    def client(self, service: str) -> Any:
        made = MagicMock()
        made.get_function_configuration.side_effect = lambda FunctionName: {
            "LoggingConfig": {"LogGroup": FunctionName}
        }
        made.get_paginator.return_value.paginate.side_effect = lambda **said: [
            {
                "events": [{"message": self._at(said.get("logGroupName", "")), "timestamp": 1}],
                "Items": [{"reason": {"S": self._at("ledger")}}],
                "Contents": [{"Key": self._at("names")}],
            }
        ]
        return made


def found(place: str, held: str) -> list[str]:
    outputs = {f"{verb}FunctionName": verb for verb in logs.VERBS}
    outputs |= {"LedgerTableName": "ledger", "VaultBucketName": "vault"}
    stage = Stage(cast(Any, Account(place, held)), MagicMock(), outputs, MagicMock(), MagicMock())
    return personal.complaints(stage)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        *((verb, f"the log of {verb.lower()}") for verb in logs.VERBS),
        ("ledger", "the ledger"),
        ("names", "the names of the vault's documents"),
    ],
)
def test_a_number_out_of_its_place_is_reported(place: str, told: str) -> None:
    assert found(place, f"said {NUMBER}") == [f"{told}: holds a customer's telephone number"]


def test_what_is_no_customers_number_is_not_reported() -> None:
    assert found("ledger", "+493012345") == []
