"""Proofs: how a sender of the webhook shows that a request is its own.

* signature: `x-relay-timestamp: <seconds since 1970>` and `x-relay-signature: v2=<hex>`, the
  HMAC-SHA256 of `<timestamp>./events/<sender>.<body>` under the sender's key. A recorded request is
  good for the replay window only, and never for another body or another sender. `v1=`, which does
  not cover the path, is taken until release 2.0, and the answer says so.
* token: `authorization: Bearer <key>`, for senders that cannot sign.

Who is unknown is answered after the same work as who is known, so that the time tells nothing.
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
#: what a proof is compared with in place of keys that its sender does not have; who proves this has
#: proved nothing
NOBODYS = "nobody's"
#: a proof is compared with as many keys as this at least, so that the time it takes tells neither
#: an unknown sender nor how many keys a known one has: two while a key is being changed, one spare
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
    """Which proof is asked for."""

    verification: Verification
    #: seconds that a signature's time may differ from ours
    replay_window_s: int

    def stranger(self, request: Request, keys: SenderKeys, now_ms: int) -> Reason | None:
        """Why a request that fits no key we knew cannot be trusted, None where it can: a key may be
        newer than what we knew, so they are read once more. Raises Transient."""
        return self._problem(request, keys.of(request.sender, fresh=True), now_ms)

    def notice(self, request: Request) -> str | None:
        """What whoever made a proof that was taken should know."""
        return V1_NOTICE if self.verification == "signature" and _is_v1(request) else None

    def fits(self, request: Request, keys: SenderKeys, now_ms: int) -> bool:
        """Whether a request can be trusted by the keys that we know already. Raises Transient."""
        return self._problem(request, keys.of(request.sender, fresh=False), now_ms) is None

    def _problem(self, request: Request, keys: Sequence[str], now_ms: int) -> Reason | None:
        if self.verification == "token":
            return _token_problem(request, keys)
        return _signature_problem(request, keys, now_ms // 1000, self.replay_window_s)


def signature(key: str, timestamp: str, sender: str, body: bytes) -> str:
    """HMAC-SHA256 over time, path and body, so that none can be changed without the key. The path
    is what the relay calls it, whatever a domain name of one's own puts before it."""
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
    # Hexadecimal digits are the same number in either case.
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
    # A scheme's case says nothing (RFC 9110, 11.1); a token's does.
    scheme, _, token = request.headers.get(AUTHORIZATION, "").partition(" ")
    if not _fits_any(
        f"{scheme.lower()} {token}", [f"bearer {k}" for k in _compared(keys)], len(keys)
    ):
        return Code.WRONG_TOKEN(AUTHORIZATION)
    return None


def _compared(keys: Sequence[str]) -> Sequence[str]:
    return [*keys, *[NOBODYS] * (COMPARED_MIN - len(keys))]


def _fits_any(stated: str, proofs: Sequence[str], own: int) -> bool:
    """Compares with all of them, each in constant time; the first `own` are of the sender's."""
    told = stated.encode("utf-8", "surrogatepass")
    fits = [hmac.compare_digest(told, proof.encode()) for proof in proofs]
    return any(fits[:own])
