"""The environment's key for personal names, in Secrets Manager."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambdas.adapters.aws import KEY_CHARS_MIN, KeptRead, translated
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretsManagerPersonalKey:
    """Reads the key once, and keeps it as long as its instance lives: another key would make copies
    into new events, so it never changes."""

    def __init__(self, make_client: Callable[[], "SecretsManagerClient"], secret_id: str) -> None:
        self._make_client = make_client
        self._secret_id = secret_id
        # Events with other names must not wait for a read that fails.
        self._key = KeptRead(self._read, keep_s=float("inf"))

    def __call__(self) -> str:
        """Raises Transient."""
        return self._key.get()

    def _read(self) -> str:
        with translated("GetSecretValue"):
            answer = self._make_client().get_secret_value(SecretId=self._secret_id)
        key = answer.get("SecretString", "")
        if len(key) < KEY_CHARS_MIN:
            raise Transient(Code.PERSONAL_KEY_UNUSABLE(KEY_CHARS_MIN))
        return key
