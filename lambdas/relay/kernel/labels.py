"""Texts of events as keys, attributes and logs can hold them."""

#: longer than any id or topic of Genesys; a DynamoDB key takes 2048 bytes, these at most 1024
LABEL_CHARS_MAX = 256


def key_text(text: str) -> str:
    """An id by which something is asked for or pointed to, "" where it can be none: longer than any
    id of Genesys, or with what neither a path nor a key of the ledger holds."""
    return text if label(text) == text else ""


def label(text: str) -> str:
    """An id or a topic as ledger keys, message attributes and logs can hold it: bounded, without
    control characters and lone surrogates. The item keeps what the event said."""
    cut = text[:LABEL_CHARS_MAX]
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)
