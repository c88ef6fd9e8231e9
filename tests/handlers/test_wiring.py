"""How the functions' clients are made."""

from pathlib import Path
from typing import Any

import pytest

from lambdas.adapters.aws import CONFIG
from lambdas.adapters.settings import Settings
from lambdas.wiring import AwsPorts


class Told(Settings):
    """Every variable is set."""

    def text(self, name: str) -> str:
        return "x"


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return AwsPorts(Told({}, Path()))


def test_every_client_gives_a_call_up_in_time(ports: Any) -> None:
    """The SDK's own timeout is a minute."""
    clients = [
        ports.ledger._client,
        ports.vault._client,
        ports.secrets._client,
        ports.sender_keys._client,
        ports.signing_keys._client,
        ports.notices._client,
        ports._sqs,
        ports._personal_key._make_client(),
    ]

    ours: Any = CONFIG
    assert {client.meta.config.read_timeout for client in clients} == {ours.read_timeout}


def test_the_signing_keys_secret_is_named_in_what_is_said_about_it(ports: Any) -> None:
    assert ports.signing_keys._name == "the signing keys' secret"
