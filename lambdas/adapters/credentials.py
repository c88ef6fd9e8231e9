"""The OAuth client's id and secret, in Secrets Manager."""

import json
import time
from typing import TYPE_CHECKING

from lambdas.adapters.aws import translated
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Credentials
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: a rotated secret is noticed after this at the latest; a refused one is read again at once
CACHE_S = 300
_FORM = '{"client_id": "...", "client_secret": "..."}'


class SecretsManagerSecrets:
    """Implements relay.kernel.ports.Secrets."""

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._read: tuple[float, Credentials] | None = None

    def credentials(self, fresh: bool) -> Credentials:
        if not fresh and self._read is not None and time.monotonic() - self._read[0] < CACHE_S:
            return self._read[1]
        with translated("GetSecretValue"):
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        try:
            document = json.loads(answer["SecretString"])
            credentials = Credentials(document["client_id"], document["client_secret"])
        except (ValueError, KeyError, TypeError):
            raise Transient(Code.SECRET_UNUSABLE(_FORM)) from None
        self._read = (time.monotonic(), credentials)
        return credentials
