"""The checksum at the end of a sealed message: against hand edits, not against forgery."""

from lambdas.relay.kernel.canonical import digest, short

CHARS = 13
_LABEL = ',"sum":"'
_TAIL = len(_LABEL) + CHARS + len('"}')


def checksum_of(text: str) -> str:
    """The checksum of a message's canonical text without it."""
    return short(digest("sum", text), CHARS)


def summed(text: str) -> str:
    """A message: its canonical text followed by its checksum."""
    return f'{text[:-1]}{_LABEL}{checksum_of(text)}"}}'


def without_sum(message: str) -> str:
    """The text that a message was made of."""
    return f"{message[:-_TAIL]}}}"


def is_summed(message: str) -> bool:
    """Whether it is unchanged to the letter, so that it need not be composed again."""
    return message == summed(without_sum(message))
