"""The keys of the webhook's senders, in Secrets Manager."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters.aws import translated
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: a changed secret is noticed after this at the latest
CACHE_S = 300.0
#: after a request with a wrong key, or a failed read, the secret is read again, but no more often
#: than this
REREAD_S = 10.0
#: shorter keys can be guessed; the stack generates 64 characters
KEY_CHARS_MIN = 32
_FORM = (
    '{"<sender>": "<key>"}, or lists of keys instead of one, with at least '
    f"{KEY_CHARS_MIN} characters a key and a sender's name of a-z, 0-9, '.', '_' and '-'"
)


class SecretsManagerSenderKeys:
    """Implements relay.kernel.ports.SenderKeys.

    If the secret cannot be read, old keys are not trusted any longer: senders are told to retry, so
    none of their events are lost. An unusable entry affects only its own sender.
    """

    def __init__(
        self, client: "SecretsManagerClient", secret_id: str, name: str = "the webhook's secret"
    ) -> None:
        """`name`: the secret's name in reasons."""
        self._client = client
        self._name = name
        self._secret_id = secret_id
        self._read_at = float("-inf")
        self._keys: Mapping[str, Sequence[str]] = {}
        #: why the last read failed
        self._failure: Transient | None = None

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        is_short = fresh or self._failure is not None
        if time.monotonic() - self._read_at > (REREAD_S if is_short else CACHE_S):
            self._read_at = time.monotonic()
            try:
                self._keys, self._failure = self._read(), None
            except Transient as failure:
                self._failure = failure
        if self._failure is not None:
            # The same error is raised repeatedly; without this its traceback would keep growing.
            raise self._failure.with_traceback(None)
        keys = self._keys.get(sender)
        if keys is not None and not keys:
            raise Transient(Code.SENDER_KEY_UNUSABLE(self._name, sender, _FORM))
        return keys or ()

    def _read(self) -> Mapping[str, Sequence[str]]:
        with translated("GetSecretValue"):
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        try:
            document = json.loads(answer["SecretString"])
            keys = {name: _listed(value) for name, value in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            keys = {"": ()}
        if all(SENDER.fullmatch(name) for name in keys):
            return keys
        raise Transient(Code.SENDER_KEYS_UNUSABLE(self._name, _FORM))


def _listed(value: Any) -> Sequence[str]:
    """The keys of an entry; empty if it is neither a key nor a list of keys."""
    keys = value if isinstance(value, list) else [value]
    fit = all(isinstance(key, str) and len(key) >= KEY_CHARS_MIN for key in keys)
    return tuple(keys) if fit else ()
