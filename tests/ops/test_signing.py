"""relay doctor: whether every HTTPS endpoint has a key that signs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.relay.routes.configuration import Configuration
from ops.checks import ALL
from ops.errors import OpsError
from ops.signing import signing_keys
from stacks.schema.parsing import parse
from tests.ops.conftest import Deployed

KEY = "a" * 64


def configured(monkeypatch: pytest.MonkeyPatch, **destinations: Any) -> None:
    routes = [{"name": name, "destination": name} for name in destinations]

    def configuration(_relay: object) -> Configuration:
        return parse({"destinations": destinations, "routes": routes})

    monkeypatch.setattr("ops.deployed.configuration", configuration)


def stored(relay: Deployed, keys: Mapping[str, Any]) -> None:
    answer = relay.secrets.create_secret(Name="keys", SecretString=json.dumps(keys))
    relay.made["SigningSecretName"] = answer["ARN"]


CRM = {"kind": "https", "url": "https://crm.example.com/hooks", "formerly": ["old"]}


def test_the_doctor_checks_it() -> None:
    assert signing_keys in [check.look for check in ALL]


def test_if_nothing_is_signed_nothing_is_checked(
    relay: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, plain={"kind": "generic"})
    assert signing_keys(relay) == "no destination is signed"


@pytest.mark.parametrize("keys", [{"crm": KEY}, {"crm": [KEY, KEY]}, {"old": f"whsec_{KEY}"}])
def test_a_key_that_signs_is_fine(
    relay: Deployed, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any]
) -> None:
    configured(monkeypatch, crm=CRM)
    stored(relay, keys)
    assert signing_keys(relay) == "there is one for crm"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"other": KEY}, "crm has no usable key"),
        ({"crm": "not base64, however long it may be made to look"}, "crm has no usable key"),
        ({"crm": "short"}, "the signing keys' secret has no usable key for crm"),
    ],
)
def test_what_signs_nothing_gives_one_sentence(
    relay: Deployed, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any], sentence: str
) -> None:
    configured(monkeypatch, crm=CRM)
    stored(relay, keys)
    with pytest.raises(OpsError, match=sentence):
        signing_keys(relay)
