"""Canonical JSON, and hashes of it.

Two documents have the same canonical form exactly when they differ at most in the order of keys,
white space, escapes, the notation of one double-precision number (whole numbers keep every digit),
and members that a later one of the same name replaces.
"""

import base64
import hashlib
import json
import math
import re
from typing import Any

from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import JSON_DEPTH_MAX
from lambdas.relay.kernel.reasons import Code

_UNHELD = re.compile("[\ud800-\udfff\ufffe\uffff]")
#: made once: json.dumps with other than its default options makes an encoder for each call
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)
_OUTBOUND = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_CONTAINERS = frozenset({dict, list})
#: what json.loads returns: a value whose structure others define
Json = Any


def read_json(text: str, what: str) -> Json:
    """Parses strictly: no NaN, no infinity, no nesting beyond JSON_DEPTH_MAX. Raises Malformed."""

    def refuse(token: str) -> Json:
        raise Malformed(Code.NOT_A_NUMBER(what, token))

    def finite(token: str) -> float:
        number = float(token)
        if not math.isfinite(number):
            raise Malformed(Code.NUMBER_TOO_LARGE(what, token[:20]))
        return number

    try:
        document = json.loads(text, parse_constant=refuse, parse_float=finite)
    except RecursionError:
        raise Malformed(Code.NESTED_TOO_DEEP(what)) from None
    except json.JSONDecodeError as error:
        raise Malformed(Code.NOT_JSON(what, error)) from error
    except ValueError:  # more digits than Python converts to an integer (sys.int_info)
        raise Malformed(Code.NUMBER_TOO_LONG(what)) from None
    _refuse_depth(document, what)
    return document


def _refuse_depth(document: Json, what: str) -> None:
    level = [document] if type(document) in _CONTAINERS else []
    for _ in range(JSON_DEPTH_MAX):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return
    raise Malformed(Code.NESTED_TOO_DEEP(what))


def canonical(document: Json) -> str:
    """The canonical text: sorted keys, no spaces, ASCII only (lone surrogates stay, escaped)."""
    return _CANONICAL.encode(document)


def outbound(document: Json) -> str:
    """The text as it is sent, in UTF-8: characters that are not ASCII take two or three bytes, not
    six. What UTF-8 or a queue cannot hold (lone surrogates, two noncharacters) stays escaped, so
    the content is unchanged."""
    text = _OUTBOUND.encode(document)
    return text if text.isascii() else _UNHELD.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def digest(*parts: str) -> bytes:
    """SHA-256 over the parts, each preceded by its length so that no two lists of parts collide."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        sha.update(len(data).to_bytes(8, "big"))
        sha.update(data)
    return sha.digest()


def short(data: bytes, chars: int) -> str:
    """The first `chars` characters of the base32 form, in lower case: 5 bits each."""
    # Five bytes make eight characters; only as many bytes are encoded as are needed.
    encoded = base64.b32encode(data[: (chars + 7) // 8 * 5])
    return encoded.decode().lower().rstrip("=")[:chars]


def uuid_text(data: bytes, version: int) -> str:
    """The first 16 bytes as a UUID marked with this version (RFC 9562)."""
    made = bytearray(data[:16])
    made[6] = made[6] & 0x0F | version << 4
    made[8] = made[8] & 0x3F | 0x80
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
