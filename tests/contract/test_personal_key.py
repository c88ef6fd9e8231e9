"""What intake relies on in the key for personal names, in every world that offers one."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.aws import REREAD_S
from lambdas.adapters.personal_key import SecretsManagerPersonalKey
from lambdas.relay.kernel.errors import Transient
from tests.contract.worlds import World

KEY = "k" * 64


def test_the_key_is_what_is_stored_and_stays_so(world: World) -> None:
    key = world.personal_key(KEY)

    assert key() == key() == KEY


class Client:
    """A Secrets Manager that fails until it holds a text."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.asked = 0

    def get_secret_value(self, **request: str) -> dict[str, str]:
        self.asked += 1
        if not self.text:
            said: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(said, "GetSecretValue")
        return {"SecretString": self.text}


def of(client: Client) -> SecretsManagerPersonalKey:
    return SecretsManagerPersonalKey(lambda: client, "id")  # type: ignore[arg-type,return-value]


def test_a_key_that_was_read_is_not_asked_for_again() -> None:
    client = Client(KEY)
    key = of(client)
    assert client.asked == 0

    assert [key(), key()] == [KEY, KEY]
    assert client.asked == 1


def test_a_secret_that_cannot_be_read_is_not_asked_for_by_every_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    client = Client()
    key = of(client)
    for _ in range(3):
        with pytest.raises(Transient, match="AccessDenied"):
            key()
    assert client.asked == 1

    client.text = KEY
    now_s += REREAD_S + 1

    assert key() == KEY


def test_a_short_key_gives_one_sentence_without_its_text() -> None:
    with pytest.raises(Transient, match="fewer than 32 characters; put the former one") as raised:
        of(Client("guessable"))()

    assert "guessable" not in str(raised.value)


def test_the_shortest_key_has_32_characters() -> None:
    assert of(Client("k" * 32))() == "k" * 32
