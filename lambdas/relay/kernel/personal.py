"""Finds and hides what looks like an address or a telephone number anywhere in a text.

Both patterns take linear time on any text: an address starts where its letters start and is matched
without backtracking, and a number has a maximum of digits.
"""

import hmac
import re
from collections.abc import Callable

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


def is_personal(name: str) -> bool:
    """Whether a name contains an address or a telephone number, such as `tel:+49...`. A UUID
    contains none, even if all its digits are decimal."""
    return not _UUID.fullmatch(name) and masked(name) != name


def hidden(name: str, key: Callable[[], str]) -> str:
    """A personal name as keys may contain it: hashed under the environment's key, which is read
    only then. "" if the name is not personal. Raises what reading the key raises."""
    if not is_personal(name):
        return ""
    return short(hmac.digest(key().encode(), name.encode(), "sha256"), HASH_CHARS)


def impersonal(name: str) -> str:
    """The same, hashed without a key: names of Genesys' own making, and those that earlier releases
    have hashed. A name that is not personal is unchanged."""
    return short(digest("person", name), HASH_CHARS) if is_personal(name) else name


def owner(conversation_id: str, content: str, identity: str) -> str:
    """The partition of an event's claims if none is sealed with it: those of one conversation are
    together, and so are those of events with the same content. It contains no address or number."""
    return impersonal(conversation_id) or content or identity
