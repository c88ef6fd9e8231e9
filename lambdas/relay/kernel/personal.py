"""What looks like an address or a telephone number, wherever it stands in a text.

Both patterns take time that grows with the text and no faster, whatever it says: an address begins
where its letters begin and gives nothing back, a number ends after so many digits.
"""

import re

from lambdas.relay.kernel.canonical import digest, short
from lambdas.relay.kernel.limits import REASON_CHARS_MAX

#: 130 bits
HASH_CHARS = 26
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++")
#: digits of a telephone number at least, and in one go at most: with its separators 15 are the most
#: that there are (ITU-T E.164), and beside one another stand several
_NUMBER = re.compile(r"(?<![\w-])\+?\d(?:[\s().-]{0,2}\d){6,40}(?![\w-])")


def masked(text: str) -> str:
    """A text without addresses and telephone numbers."""
    return _NUMBER.sub("<number>", _ADDRESS.sub("<address>", text))


def brief(reason: str) -> str:
    """A reason as it may stand beside ids, in records, attributes and histories: a reason may quote
    Genesys, and Genesys may quote an event, or cut it in the middle of a character, which neither
    DynamoDB nor SQS would take. The vault keeps the whole."""
    if not reason.isprintable():
        reason = "".join(c if c.isprintable() else " " for c in reason)
    return masked(reason)[:REASON_CHARS_MAX]


def impersonal(name: str) -> str:
    """A name as it may stand in keys: itself, or its hash where it holds an address or a telephone
    number, such as `tel:+49...`. A UUID holds none, even if all its digits are decimal."""
    if _UUID.fullmatch(name) or masked(name) == name:
        return name
    return short(digest("person", name), HASH_CHARS)


def owner(conversation_id: str, content: str, identity: str) -> str:
    """The partition of an event's claims: a conversation's stand together, and so do those of
    events that say the same. It stands in keys, so it is nobody's address or number."""
    return impersonal(conversation_id) or content or identity
