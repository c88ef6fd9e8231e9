"""What the relay relies on in its secret, in every world that offers one."""

import pytest

from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.relay.kernel.errors import Transient
from tests.contract.worlds import World


def test_the_credentials_are_those_that_are_stored(world: World) -> None:
    secret = world.secret()

    assert secret.secrets.credentials(fresh=False) == secret.stored()


def test_a_rotated_secret_is_read_past_every_cache_when_asked(world: World) -> None:
    secret = world.secret()
    old = secret.secrets.credentials(fresh=False)

    secret.rotate()

    assert secret.secrets.credentials(fresh=False) == old
    assert secret.secrets.credentials(fresh=True) == secret.stored() != old
    assert secret.secrets.credentials(fresh=False) == secret.stored()


def test_a_secret_never_shows_itself_in_a_line(world: World) -> None:
    secret = world.secret()

    assert secret.stored().client_secret not in repr(secret.secrets.credentials(fresh=False))


class Client:
    """A Secrets Manager with one text in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self, **request: str) -> dict[str, str]:
        return {"SecretString": self._text}


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"client_id": "a"}', "7"])
def test_a_secret_of_another_form_gives_one_sentence_without_its_text(text: str) -> None:
    secrets = SecretsManagerSecrets(Client(text), "id")  # type: ignore[arg-type]

    with pytest.raises(Transient, match="correct it in Secrets Manager") as raised:
        secrets.credentials(fresh=False)

    assert "hello" not in str(raised.value)
