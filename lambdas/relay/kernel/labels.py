"""Texts from events, in a form that keys, attributes and logs can hold."""

#: longer than any id or topic of Genesys; a DynamoDB key takes 2048 bytes, these at most 1024
LABEL_CHARS_MAX = 256


def key_text(text: str) -> str:
    """An id that paths and ledger keys can contain; "" if it is longer than any id of Genesys or
    has characters that they cannot hold."""
    return text if label(text) == text else ""


def label(text: str) -> str:
    """An id or a topic in a form that ledger keys, message attributes and logs can hold: bounded,
    without control characters and lone surrogates. The item keeps the event's text."""
    cut = text[:LABEL_CHARS_MAX]
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)
