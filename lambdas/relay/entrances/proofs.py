"""Proofs: how a sender of the webhook shows that a request is its own.

* signature: `x-relay-timestamp: <seconds since 1970>` and `x-relay-signature: v1=<hex>`, the
  HMAC-SHA256 of `<timestamp>.<body>` under the sender's key. A recorded request is good for the
  replay window only, and never for another body.
* token: `authorization: Bearer <key>`, for senders that cannot sign.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.kernel.ports import SenderKeys

Verification = Literal["signature", "token"]
TIMESTAMP, SIGNATURE, AUTHORIZATION = "x-relay-timestamp", "x-relay-signature", "authorization"
#: a sender's name: the last part of the path, a member of the secret, the source of its events
SENDER = re.compile(r"(?!aws\.)[a-z0-9][a-z0-9._-]{0,63}")
#: what an unknown sender's proof is compared with, so that the time it takes does not tell one
#: from a wrong key; who proves this has proved nothing
NOBODYS = ("nobody's",)
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Request:
    sender: str
    #: by their names in lower case
    headers: Mapping[str, str]
    body: bytes


def verification(name: str) -> Verification:
    """Raises ValueError."""
    match name:
        case "signature" | "token":
            return name
        case _:
            raise ValueError(f"the webhook's verification is {name!r}, not signature or token")


@dataclass(frozen=True, slots=True)
class Proof:
    """Which proof is asked for."""

    verification: Verification
    #: seconds that a signature's time may differ from ours
    replay_window_s: int

    def stranger(self, request: Request, keys: SenderKeys, now_ms: int) -> str | None:
        """Why a request cannot be trusted, None where it can. A key that does not fit may be newer
        than what we know, so the keys are read once more. Raises Transient."""
        problem = self._problem(request, keys.of(request.sender, fresh=False), now_ms)
        if problem is None:
            return None
        return self._problem(request, keys.of(request.sender, fresh=True), now_ms)

    def _problem(self, request: Request, keys: Sequence[str], now_ms: int) -> str | None:
        if self.verification == "token":
            return _token_problem(request, keys)
        return _signature_problem(request, keys, now_ms // 1000, self.replay_window_s)


def signature(key: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over time and body, so that neither can be changed without the key."""
    mac = hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256")
    return f"v1={mac.hexdigest()}"


def _signature_problem(
    request: Request, keys: Sequence[str], now_s: int, window_s: int
) -> str | None:
    timestamp = request.headers.get(TIMESTAMP, "")
    if not _SECONDS.fullmatch(timestamp):
        return f"{TIMESTAMP} must be the time of signing in whole seconds since 1970"
    stated = request.headers.get(SIGNATURE, "")
    proofs = [signature(key, timestamp, request.body) for key in keys or NOBODYS]
    if not (_fits_any(stated, proofs) and keys):
        return f"{SIGNATURE} does not fit {TIMESTAMP} and the body, or the sender is unknown"
    age_s = now_s - int(timestamp)
    if abs(age_s) > window_s:
        return (
            f"the request was signed {abs(age_s)} s {'before' if age_s > 0 else 'after'} our time; "
            f"at most {window_s} s are allowed: sign it anew, with the same body"
        )
    return None


def _token_problem(request: Request, keys: Sequence[str]) -> str | None:
    stated = request.headers.get(AUTHORIZATION, "")
    if not (_fits_any(stated, [f"Bearer {key}" for key in keys or NOBODYS]) and keys):
        return f"{AUTHORIZATION} must be Bearer and the sender's token; or the sender is unknown"
    return None


def _fits_any(stated: str, proofs: Sequence[str]) -> bool:
    """Compares with all of them, each in constant time."""
    told = stated.encode("utf-8", "surrogatepass")
    fits = [hmac.compare_digest(told, proof.encode()) for proof in proofs]
    return any(fits)
