"""The keys of the webhook's senders, in Secrets Manager."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters.aws import translated
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.errors import Transient

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: a changed secret is noticed after this at the latest
CACHE_S = 300.0
#: a request with a wrong key makes us read the secret again, but no more often than this
REREAD_S = 10.0
#: shorter keys can be guessed; the stack generates 64 characters
KEY_CHARS_MIN = 32


class SecretsManagerSenderKeys:
    """Implements relay.ports.SenderKeys."""

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._read_at = float("-inf")
        self._keys: Mapping[str, Sequence[str]] = {}

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        if time.monotonic() - self._read_at > (REREAD_S if fresh else CACHE_S):
            self._keys = self._read()
            self._read_at = time.monotonic()
        return self._keys.get(sender, ())

    def _read(self) -> Mapping[str, Sequence[str]]:
        with translated("GetSecretValue"):
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        try:
            document = json.loads(answer["SecretString"])
            keys = {name: _listed(value) for name, value in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            keys = {"": ()}
        if all(SENDER.fullmatch(name) and keys[name] for name in keys):
            return keys
        raise Transient(
            'the webhook\'s secret is not {"<sender>": "<key>"}, or lists of keys instead of one, '
            f"with at least {KEY_CHARS_MIN} characters a key; put it right in Secrets Manager"
        )


def _listed(value: Any) -> Sequence[str]:
    """Empty where it is no key or no list of keys."""
    keys = value if isinstance(value, list) else [value]
    fit = all(isinstance(key, str) and len(key) >= KEY_CHARS_MIN for key in keys)
    return tuple(keys) if fit else ()
