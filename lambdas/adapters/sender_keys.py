"""The keys of the webhook's senders, in Secrets Manager."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters.aws import KEY_CHARS_MIN, KeptRead, translated
from lambdas.relay.entrances.proofs import SENDER
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: a changed secret is noticed after this at the latest
CACHE_S = 300.0
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
        self._keys = KeptRead(self._read, CACHE_S)

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        keys = self._keys.get(fresh=fresh).get(sender)
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
