"""Which of our messages a text is: somebody may redrive any of them into any queue.

    envelope ─▶ events   sealed batch ─▶ batches   claimed batch ─▶ writes   check ─▶ checks

A function that gets another's message makes a dead letter of it, and reconcile, which has every
queue, takes it to where it belongs.
"""

from collections.abc import Mapping
from typing import Literal

from lambdas.relay.kernel.canonical import Json, read_json
from lambdas.relay.kernel.errors import Malformed, Misplaced
from lambdas.relay.kernel.reasons import Code

Kind = Literal["envelope", "batch", "check"]


def kind_of(document: Json) -> Kind | None:
    """By the members that each must have; None: none of ours."""
    match document:
        case {"v": _, "sum": _, "batch_id": _, "events": _}:
            return "batch"
        case {"kind": _, "batch_id": _}:
            return "check"
        case {"detail-type": _, "detail": _}:
            return "envelope"
        case _:
            return None


def kind_of_text(text: str) -> Kind | None:
    try:
        return kind_of(read_json(text, "the message"))
    except Malformed:
        return None


def refuse_other(document: Json, wanted: Kind) -> None:
    """Raises Misplaced where a document is another of our messages."""
    kind = kind_of(document) if isinstance(document, Mapping) else None
    if kind is not None and kind != wanted:
        raise Misplaced(Code.MISPLACED(NAMES[kind]))


NAMES: Mapping[Kind, str] = {
    "envelope": "an envelope",
    "batch": "a sealed batch",
    "check": "a check",
}
