"""Proofs: how senders of the webhook authenticate their requests.

* signature: `x-relay-timestamp: <seconds since 1970>` and `x-relay-signature: v2=<hex>`, the
  HMAC-SHA256 of `<timestamp>./events/<sender>.<body>` under the sender's key. A recorded request is
  valid only within the replay window, and never for another body or sender. `v1=`, which does not
  cover the path, is accepted until release 2.0, and the answer says so.
* token: `authorization: Bearer <key>`, for senders that cannot sign.

An unknown sender is answered after the same work as a known one, so that the time reveals nothing.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.kernel.ports import SenderKeys
from lambdas.relay.kernel.reasons import Code, Reason

Verification = Literal["signature", "token"]
TIMESTAMP, SIGNATURE, AUTHORIZATION = "x-relay-timestamp", "x-relay-signature", "authorization"
#: a sender's name: the last part of the path, a member of the secret, the source of its events
SENDER = re.compile(r"(?!aws\.)[a-z0-9][a-z0-9._-]{0,63}")
#: compared with a proof in place of missing keys; a match with it does not count
NOBODYS = "nobody's"
#: a proof is compared with at least this many keys, so that the time reveals neither an unknown
#: sender nor how many keys a known one has: two during a rotation, one spare
COMPARED_MIN = 3
V1_NOTICE = (
    "a v1 signature does not cover the path and is accepted only until release 2.0: sign "
    '"<timestamp>./events/<sender>.<body>" and send that as v2'
)
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
    """Which proof is required."""

    verification: Verification
    #: how many seconds a signature's time may differ from ours
    replay_window_s: int

    def stranger(self, request: Request, keys: SenderKeys, now_ms: int) -> Reason | None:
        """Why a request that matches no cached key is refused; None if it matches after the keys
        are read again. Raises Transient."""
        return self._problem(request, keys.of(request.sender, fresh=True), now_ms)

    def notice(self, request: Request) -> str | None:
        """A notice for the sender of an accepted proof."""
        return V1_NOTICE if self.verification == "signature" and _is_v1(request) else None

    def fits(self, request: Request, keys: SenderKeys, now_ms: int) -> bool:
        """Whether a request matches a cached key. Raises Transient."""
        return self._problem(request, keys.of(request.sender, fresh=False), now_ms) is None

    def _problem(self, request: Request, keys: Sequence[str], now_ms: int) -> Reason | None:
        if self.verification == "token":
            return _token_problem(request, keys)
        return _signature_problem(request, keys, now_ms // 1000, self.replay_window_s)


def signature(key: str, timestamp: str, sender: str, body: bytes) -> str:
    """HMAC-SHA256 over time, path and body, so that none can be changed without the key. The path
    is the relay's own, without any prefix of a custom domain."""
    signed = f"{timestamp}./events/{sender}.".encode() + body
    return f"v2={hmac.new(key.encode(), signed, 'sha256').hexdigest()}"


def signature_v1(key: str, timestamp: str, body: bytes) -> str:
    """The form before 2.0, without the path."""
    return f"v1={hmac.new(key.encode(), f'{timestamp}.'.encode() + body, 'sha256').hexdigest()}"


def _is_v1(request: Request) -> bool:
    return request.headers.get(SIGNATURE, "").lower().startswith("v1=")


def _signature_problem(
    request: Request, keys: Sequence[str], now_s: int, window_s: int
) -> Reason | None:
    timestamp = request.headers.get(TIMESTAMP, "")
    if not _SECONDS.fullmatch(timestamp):
        return Code.NO_TIMESTAMP(TIMESTAMP)
    # Hexadecimal digits are case-insensitive.
    stated = request.headers.get(SIGNATURE, "").lower()
    proofs = [
        signature_v1(key, timestamp, request.body)
        if _is_v1(request)
        else signature(key, timestamp, request.sender, request.body)
        for key in _compared(keys)
    ]
    if not _fits_any(stated, proofs, len(keys)):
        return Code.WRONG_SIGNATURE(SIGNATURE, TIMESTAMP)
    age_s = now_s - int(timestamp)
    if abs(age_s) > window_s:
        return (Code.SIGNED_EARLY if age_s > 0 else Code.SIGNED_LATE)(abs(age_s), window_s)
    return None


def _token_problem(request: Request, keys: Sequence[str]) -> Reason | None:
    # Schemes are case-insensitive (RFC 9110, 11.1), tokens are not.
    scheme, _, token = request.headers.get(AUTHORIZATION, "").partition(" ")
    if not _fits_any(
        f"{scheme.lower()} {token}", [f"bearer {k}" for k in _compared(keys)], len(keys)
    ):
        return Code.WRONG_TOKEN(AUTHORIZATION)
    return None


def _compared(keys: Sequence[str]) -> Sequence[str]:
    return [*keys, *[NOBODYS] * (COMPARED_MIN - len(keys))]


def _fits_any(stated: str, proofs: Sequence[str], own: int) -> bool:
    """Compares with every proof in constant time; the first `own` are by the sender's keys."""
    told = stated.encode("utf-8", "surrogatepass")
    fits = [hmac.compare_digest(told, proof.encode()) for proof in proofs]
    return any(fits[:own])
