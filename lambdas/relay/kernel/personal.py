"""Finds and hides what looks like an address or a telephone number anywhere in a text.

Both patterns take linear time on any text: an address starts where its letters start and is matched
without backtracking, and a number has a maximum of digits.
"""

import re

from lambdas.relay.kernel.canonical import digest, short
from lambdas.relay.kernel.limits import REASON_CHARS_MAX

#: 130 bits
HASH_CHARS = 26
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++")
#: 7 digits at least and 41 at most: a telephone number has at most 15 (ITU-T E.164), but several
#: may follow one another
_NUMBER = re.compile(r"(?<![\w-])\+?\d(?:[\s().-]{0,2}\d){6,40}(?![\w-])")


def masked(text: str) -> str:
    """A text with its addresses and telephone numbers replaced."""
    return _NUMBER.sub("<number>", _ADDRESS.sub("<address>", text))


def brief(reason: str) -> str:
    """A reason as records, attributes and histories may contain it. A reason may quote Genesys, and
    Genesys may quote an event, or cut it in the middle of a character, which neither DynamoDB nor
    SQS would accept. The vault keeps the whole reason."""
    if not reason.isprintable():
        reason = "".join(c if c.isprintable() else " " for c in reason)
    return masked(reason)[:REASON_CHARS_MAX]


def impersonal(name: str) -> str:
    """A name as keys may contain it: unchanged, or hashed if it contains an address or a telephone
    number, such as `tel:+49...`. A UUID contains none, even if all its digits are decimal."""
    if _UUID.fullmatch(name) or masked(name) == name:
        return name
    return short(digest("person", name), HASH_CHARS)


def owner(conversation_id: str, content: str, identity: str) -> str:
    """The partition of an event's claims: those of one conversation are together, and so are those
    of events with the same content. It is part of keys, so it contains no address or number."""
    return impersonal(conversation_id) or content or identity
