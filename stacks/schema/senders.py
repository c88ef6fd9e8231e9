"""What each sender of the webhook may send."""

from typing import Annotated

from pydantic import AfterValidator

from lambdas.relay.entrances.proofs import SENDER
from stacks.tables import NonEmpty, quoted


def _of_a_sender(name: str) -> str:
    if not SENDER.fullmatch(name):
        raise ValueError(
            f"{quoted(name)} is not a valid sender's name: it must have 1 to 64 characters of a-z, "
            "0-9, '.', '_' and '-', and must not begin with aws."
        )
    return name


#: by sender: patterns of the types that it may send
Types = dict[Annotated[str, AfterValidator(_of_a_sender)], tuple[NonEmpty, ...]]
TYPES_FORM = 'a table of senders\' names and lists of types, such as "shop.example" = ["order.*"]'
