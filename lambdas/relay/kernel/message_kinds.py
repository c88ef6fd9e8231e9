"""Which kind of our messages a text is, since a person can redrive any message to any queue.

    envelope ─▶ events   sealed batch ─▶ batches   claimed batch ─▶ writes   check ─▶ checks

A function that receives another function's message dead-letters it, and reconcile, which has access
to every queue, moves it to the right one.
"""

from collections.abc import Mapping
from typing import Literal

from lambdas.relay.kernel.canonical import Json, read_json
from lambdas.relay.kernel.errors import Malformed, Misplaced
from lambdas.relay.kernel.reasons import Code

Kind = Literal["envelope", "batch", "check"]


def kind_of(document: Json) -> Kind | None:
    """The kind, by the members that each kind must have; None if it is not our message."""
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
    """Raises Misplaced if a document is a message of ours of another kind."""
    kind = kind_of(document) if isinstance(document, Mapping) else None
    if kind is not None and kind != wanted:
        raise Misplaced(Code.MISPLACED(NAMES[kind]))


NAMES: Mapping[Kind, str] = {
    "envelope": "an envelope",
    "batch": "a sealed batch",
    "check": "a check",
}
