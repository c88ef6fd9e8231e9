"""The sum that a sealed message ends with: against hand edits, not against forgery."""

from lambdas.relay.kernel.canonical import digest, short

CHARS = 13
_LABEL = ',"sum":"'
_TAIL = len(_LABEL) + CHARS + len('"}')


def checksum_of(text: str) -> str:
    """Of the canonical text of a message without it."""
    return short(digest("sum", text), CHARS)


def summed(text: str) -> str:
    """A message: its canonical text and, behind it, its sum."""
    return f'{text[:-1]}{_LABEL}{checksum_of(text)}"}}'


def without_sum(message: str) -> str:
    """The text that a message was made of."""
    return f"{message[:-_TAIL]}}}"


def is_summed(message: str) -> bool:
    """Whether it is, to the letter, as it was made: then nobody need put it into words again."""
    return message == summed(without_sum(message))
