"""A function's settings: read from what the stack gives, and what is missing is named."""

import json
from pathlib import Path

import pytest

from lambdas.adapters.settings import Settings
from lambdas.relay.kernel.limits import REHEARSAL
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve


def test_a_variable_is_read_as_it_is() -> None:
    settings = Settings({"LEDGER_TABLE": "t", "REQUESTS_PER_MINUTE": "300"}, Path())

    assert settings.text("LEDGER_TABLE") == "t"
    assert settings.count("REQUESTS_PER_MINUTE") == 300


@pytest.mark.parametrize("environ", [{}, {"LEDGER_TABLE": ""}])
def test_a_missing_variable_is_named_in_one_sentence(environ: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match=r"environment variable LEDGER_TABLE is missing$"):
        Settings(environ, Path()).text("LEDGER_TABLE")


def test_the_timing_goes_by_name() -> None:
    assert Settings({"TIMING": "rehearsal"}, Path()).timing is REHEARSAL


def test_the_configuration_is_at_the_root_of_the_asset(tmp_path: Path) -> None:
    document = {
        "destinations": {"journey": {"kind": "generic"}},
        "routes": [{"name": "all", "destination": "journey"}],
    }
    (tmp_path / "configuration.json").write_text(json.dumps(resolve(parse(document))))

    configuration = Settings({}, tmp_path).configuration

    assert [route.name for route in configuration.routes] == ["all"]
