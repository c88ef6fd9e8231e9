"""An operator's own HTTPS endpoint; requests are signed by the Standard Webhooks specification
(github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).

    webhook-id: <the batch's id, the same in every repetition>
    webhook-timestamp: <seconds since 1970, of this attempt>
    webhook-signature: v1,<base64 of HMAC-SHA256 over id.timestamp.body>, one for each key

A receiver recognises a repetition by the id. A key is base64 of 24 to 64 bytes, with or without the
prefix `whsec_`; while there are two keys, both sign, so that a receiver can switch keys.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.client import Posted
from lambdas.relay.genesys.outcomes import (
    MAY_HAVE_HAPPENED,
    REFUSALS,
    Accepted,
    Deferred,
    Outcome,
    Refused,
    Unsure,
    header,
    words,
)
from lambdas.relay.kernel.backoff import retry_after_s
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.paths import is_straight
from lambdas.relay.kernel.ports import Answer, Clock, Http, NotSent, SenderKeys, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch

PREFIX = "whsec_"
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64


@dataclass(frozen=True, slots=True)
class HttpsClient:
    http: Http
    keys: SenderKeys
    clock: Clock

    def post(self, batch: Batch, destination: Destination) -> Posted:
        if not is_straight(batch.target.path):
            return Posted(Refused(400, Code.PATH_LEADS_ELSEWHERE(), ""), None)
        try:
            secrets = self._secrets(destination)
        except Transient as transient:
            return Posted(Deferred(transient.reason, transient.retry_after_s, None), None)
        if not secrets:
            return Posted(Deferred(Code.NO_SIGNING_KEY(destination.name), None, None), None)
        body, now_ms = batch.body(), self.clock.now_ms()
        answer = self.http.send(
            batch.target.method,
            destination.host + batch.target.path,
            {
                "Content-Type": "application/json",
                **signed(secrets, batch.batch_id, now_ms // 1000, body),
            },
            body,
        )
        return Posted(judge(answer, self.clock.now_ms()), None)

    def _secrets(self, destination: Destination) -> Sequence[bytes]:
        """Its keys under any of its names. Raises Transient if they cannot be read."""
        for name in (destination.name, *destination.formerly):
            keys = [secret_of(key) for key in self.keys.of(name, fresh=False)]
            if keys:
                return [key for key in keys if key is not None]
        return ()


def secret_of(key: str) -> bytes | None:
    """The bytes of a key; None if it is invalid."""
    try:
        secret = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except ValueError:
        return None
    return secret if KEY_BYTES_MIN <= len(secret) <= KEY_BYTES_MAX else None


def signed(secrets: Sequence[bytes], id_: str, at_s: int, body: bytes) -> Mapping[str, str]:
    """The headers that prove who sent the request, and when."""
    said = f"{id_}.{at_s}.".encode() + body
    macs = [base64.b64encode(hmac.digest(secret, said, "sha256")).decode() for secret in secrets]
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }


def judge(answer: Answer | NotSent | Unanswered, now_ms: int) -> Outcome:
    """What an answer means. It is not Genesys' answer, so only the status counts."""
    match answer:
        case NotSent(reason):
            return Deferred(reason, None, None)
        case Unanswered(reason):
            return Unsure(reason)
        case Answer(status) if 200 <= status < 300:
            return Accepted((), "", "")
    wait = retry_after_s(header(answer, "retry-after") or None, now_ms)
    match answer.status:
        case 429:
            return Deferred(Code.RATE_LIMIT(), wait, 429, is_fault=False)
        case 503 if wait is not None:
            return Deferred(Code.ANSWERED(words(answer)), wait, 503, is_fault=False)
        case status if status in REFUSALS:
            return Refused(status, Code.ANSWERED(words(answer)), "")
        case status if 300 <= status < 500 and status not in MAY_HAVE_HAPPENED:
            # For example an unknown key or a wrong address: every batch gets the same answer.
            return Deferred(Code.ANSWERED(words(answer)), wait, status)
        case status:
            return Unsure(Code.STATUS(status), wait)
