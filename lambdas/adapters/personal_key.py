"""The environment's key for personal names, in Secrets Manager."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lambdas.adapters.aws import translated
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: after a failed read the secret is read again, but no more often than this: events with other
#: names must not wait for it
REREAD_S = 10.0
#: shorter keys can be guessed; the stack generates 64 characters
KEY_CHARS_MIN = 32


class SecretsManagerPersonalKey:
    """Reads the key once, and keeps it as long as its instance lives: another key would make copies
    into new events, so it never changes."""

    def __init__(self, make_client: Callable[[], "SecretsManagerClient"], secret_id: str) -> None:
        self._make_client = make_client
        self._secret_id = secret_id
        self._key = ""
        self._read_at = float("-inf")
        #: why the last read failed
        self._failure = Transient(Code.PERSONAL_KEY_UNUSABLE(KEY_CHARS_MIN))

    def __call__(self) -> str:
        """Raises Transient."""
        if self._key:
            return self._key
        if time.monotonic() - self._read_at > REREAD_S:
            self._read_at = time.monotonic()
            try:
                self._key = self._read()
                return self._key
            except Transient as failure:
                self._failure = failure
        # The same error is raised repeatedly; without this its traceback would keep growing.
        raise self._failure.with_traceback(None)

    def _read(self) -> str:
        with translated("GetSecretValue"):
            answer = self._make_client().get_secret_value(SecretId=self._secret_id)
        key = answer.get("SecretString", "")
        if len(key) < KEY_CHARS_MIN:
            raise Transient(Code.PERSONAL_KEY_UNUSABLE(KEY_CHARS_MIN))
        return key
