"""The worlds that the contract suite runs in."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from emulator.process import REGION, Emulator
from tests.contract.worlds import Aws, Memory, World
from tests.moto_partiql import teach_inserts


class Moto:
    def client(self, service: Any) -> Any:
        return boto3.client(service, region_name=REGION)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(tmp_path_factory.mktemp("contract") / "emulator") as running:
        yield running


@pytest.fixture(scope="session")
def emulated(emulator: Emulator) -> Aws:
    return Aws(emulator)


@pytest.fixture(params=["memory", "moto", "emulator"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    match request.param:
        case "memory":
            yield Memory()
        case "moto":
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "none")
            teach_inserts(monkeypatch)
            with mock_aws():
                yield Aws(Moto())
        case _:
            yield request.getfixturevalue("emulated")
