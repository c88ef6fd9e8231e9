"""Reads a 2xx answer: which items failed, or that this is unclear.

A failure row is matched to an item leniently, as long as it is unambiguous: an index as a number or
as digits, names and ids in any letter case, an id that the row only repeats. The failures are a set
of items: however many rows name an item, it failed once, and permanently if one row says so, since
a retry does not correct the item. A row that names no item of the request, or two, makes the answer
unreadable.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.sealing import SealedEvent

Row = Mapping[str, Any]
#: a longer number is not an index
DIGITS_MAX = 9
#: members that only an error document has, whoever wrote it (Genesys, API Gateway, a load balancer,
#: Lambda, Spring): whatever their value, it is not a success
SAY_AN_ERROR = frozenset(
    {"error", "errorcode", "errormessage", "errortype", "exception", "fault", "__type"}
)
#: members with the status of the answer
SAY_A_STATUS = ("status", "statuscode", "httpstatus")
#: members that say whether it succeeded
SAY_IT_WENT_WELL = ("success", "succeeded", "ok")
#: levels down to which an answer may have its rows: `[row]`, `{"results": [row]}`,
#: `{"results": {id: row}}`. Deeper levels only repeat the items
ROW_DEPTH_MAX = 3
#: statuses in words
FAILED = frozenset({"error", "failed", "failure"})
#: members of error documents that others have too (SDK model ErrorBody; RFC 9457; Spring). A
#: document that has a message, or a title with its detail, and no other members, is one
ERROR_MEMBERS = SAY_AN_ERROR | frozenset(
    {"message", "code", "status", "entityid", "entityname", "messagewithparams", "messageparams",
     "contextid", "details", "errors", "limit", "type", "title", "detail", "instance", "requestid",
     "timestamp", "path"}
)  # fmt: skip

#: the members of results and their rows (the SDK's models of them), by name without letter case
SPELLED = {
    name.casefold(): name
    for name in (
        "code", "count", "dateOccurred", "error", "errorCount", "errorIndexes", "errorMessage",
        "errors", "id", "isRetryable", "message", "metricId", "originalRequestIndex",
        "processedEntities", "results", "retryable", "status", "statusCode", "success", "type",
        "unprocessedEntities", "userEmail", "userId", "value",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """An item that failed in an otherwise accepted request."""

    index: int
    retryable: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The endpoint's own answer, so the request was accepted; but its details do not match the
    items, or contradict each other."""

    reason: Reason


NO_ITEM = Unreadable(Code.FAILS_NO_ITEM())
TWO_ITEMS = Unreadable(Code.FAILS_TWO_ITEMS())
CONTRADICTION = Unreadable(Code.FAILS_AND_NOT())
#: the answer lists errors besides the endpoint's own results
FAILS_SOMEHOW = Unreadable(Code.FAILS_SOMEHOW())

#: reads a 2xx answer (None: it was empty): the failed items, Unreadable if they are unclear, None
#: if it is not an answer of this endpoint
ReadResults = Callable[[Json, Sequence[SealedEvent]], Sequence[ItemFailure] | Unreadable | None]


# --- answers without details


def any_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints whose 2xx means that everything was accepted, whatever the body: some answer
    with a text. But an error anywhere in the body counts."""
    if isinstance(document, bool | int | float):
        return None
    level = [document]
    for _ in range(ROW_DEPTH_MAX):
        if any(_tells_an_error(each) for each in level):
            return FAILS_SOMEHOW
        level = [inner for each in level for inner in _inside(each)]
    return ()


def object_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints whose 2xx means that everything was accepted, with an empty body or an
    object."""
    return None if isinstance(document, list | str) else any_answer(document, events)


def array_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints that accept all or nothing, and answer with all items."""
    if not isinstance(document, list):
        return None
    if len(document) != len(events):
        return Unreadable(Code.ITEMS_MISSING(len(document), len(events)))
    if not all(isinstance(row, Mapping) and row and not is_error(row) for row in document):
        return Unreadable(Code.ITEMS_FOREIGN())
    return ()


def created_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints that create one thing and answer with its id."""
    if document is None:
        return None
    return () if created_id(document) else Unreadable(Code.MADE_UNNAMED())


WHOLE = (any_answer, object_answer, array_answer, created_answer)


def created_id(document: Json) -> str:
    """The id of what a request created, from its answer: `conversation.id` (SDK model
    CreateCallbackResponse), `conversationId` (SendAgentlessOutboundMessageResponse), or `id`."""
    if not isinstance(document, Mapping):
        return ""
    conversation = document.get("conversation")
    inner = conversation.get("id") if isinstance(conversation, Mapping) else None
    found = inner or document.get("conversationId") or document.get("id")
    return found if isinstance(found, str) else ""


def is_error(document: Json) -> bool:
    """Whether a document only reports an error, whatever the status of its answer."""
    if isinstance(document, list):
        return bool(document) and all(map(is_error, document))
    if not isinstance(document, Mapping):
        return False
    said = {str(name).casefold(): value for name, value in document.items()}
    if any(said.get(name) for name in SAY_AN_ERROR):
        return True
    if any(truth_of(said.get(name)) is False for name in SAY_IT_WENT_WELL):
        return True
    if any((place_of(said.get(name), 600) or 0) >= 400 for name in SAY_A_STATUS):
        return True
    if str(said.get("status")).casefold() in FAILED and not created_id(document):
        return True
    tells = "message" in said or {"title", "detail"} <= said.keys()
    return tells and said.keys() <= ERROR_MEMBERS


def _tells_an_error(document: Json) -> bool:
    """Whether a document or row reports an error, its own or one in a list."""
    if not isinstance(document, Mapping):
        return False
    listed = next((v for name, v in document.items() if str(name).casefold() == "errors"), None)
    return bool(listed) or is_error(document)


def _inside(document: Json) -> Iterable[Json]:
    if isinstance(document, Mapping):
        return document.values()
    return document if isinstance(document, list) else ()


def rows_of(value: Json) -> Sequence[Row]:
    """The objects in a list; empty if it is not a list."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


# --- failures among the items


def failures_in(
    document: Json, events: Sequence[SealedEvent], read: ReadResults
) -> Sequence[ItemFailure] | Unreadable | None:
    """The failures by `read`. Unless there are none, names may be in any letter case."""
    found = read(document, events)
    if read in WHOLE or (isinstance(found, Sequence) and not found):
        return found
    respelled = _respelled(document)
    return found if respelled == document else read(respelled, events)


def _respelled(document: Json, levels: int = ROW_DEPTH_MAX + 1) -> Json:
    """With members spelled as Genesys spells them. An object that has one twice stays as it is."""
    if isinstance(document, list):
        return [_respelled(each, levels - 1) for each in document] if levels else document
    if not isinstance(document, Mapping) or not levels:
        return document
    inner = {name: _respelled(value, levels - 1) for name, value in document.items()}
    spelled = {SPELLED.get(name.casefold(), name): value for name, value in inner.items()}
    return spelled if len(spelled) == len(inner) else inner


def failures_among(
    rows: Json,
    events: Sequence[SealedEvent],
    *,
    member: str,
    index: str = "",
    failure: Callable[[Row], tuple[bool, str]],
) -> Sequence[ItemFailure] | Unreadable:
    """The failures that rows name, by the items' `member` or by their position in `index`. If items
    share an id, all of them failed."""
    named = named_by(rows, events, member=member, index=index)
    if isinstance(named, Unreadable):
        return named
    return merged((place, *failure(row)) for row, places in named for place in places)


def named_by(
    rows: Json, events: Sequence[SealedEvent], *, member: str, index: str = ""
) -> Sequence[tuple[Row, frozenset[int]]] | Unreadable:
    """Each row with the positions of the items that it names."""
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return NO_ITEM
    items = [event.members for event in events]
    ids: dict[str, set[int]] = {}
    for place, item in enumerate(items):
        ids.setdefault(_folded(item.get(member)), set()).add(place)
    ids.pop("", None)
    found: list[tuple[Row, frozenset[int]]] = []
    for row in rows:
        named = [frozenset(ids[text]) for text in set(_ids_in(row)) if text in ids]
        at = place_of(row.get(index), len(items)) if index else None
        if not named and at is not None:
            named = [frozenset({at})]
        if not named:
            return NO_ITEM
        if len(named) > 1 or (at is not None and at not in named[0]):
            return TWO_ITEMS
        found.append((row, named[0]))
    return found


def merged(rows: Iterable[tuple[int, bool, str]]) -> Sequence[ItemFailure]:
    """One failure per item, however many rows it has."""
    failures: dict[int, ItemFailure] = {}
    for place, retryable, reason in rows:
        before = failures.get(place)
        if before is not None:
            retryable = retryable and before.retryable
            reason = reason if reason == before.reason else f"{before.reason}; {reason}"
        failures[place] = ItemFailure(place, retryable, reason)
    return list(failures.values())


def place_of(value: Json, count: int) -> int | None:
    """An index as a number or as digits; None where it is none of `count` items."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) <= DIGITS_MAX:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < count:
        return None
    return int(value) if value == int(value) else None


def truth_of(value: Json) -> bool | None:
    """A truth value as JSON has it, or as a text; None where it is neither."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return value if isinstance(value, bool) else None


def is_passing(said: Json, status: Json) -> bool:
    """Whether a failure may pass: its own word on that, or else its status."""
    own = truth_of(said)
    if own is not None:
        return own
    code = place_of(status, 1000)
    return code is not None and (code in (408, 409, 429) or code >= 500)


def _ids_in(row: Row) -> Iterator[str]:
    """Every id that a row holds, its own or that of an entity that it restates."""
    for holder in (row, *(value for value in row.values() if isinstance(value, Mapping))):
        for name, value in holder.items():
            if str(name).casefold().endswith("id"):
                yield _folded(value)


def _folded(value: Json) -> str:
    if isinstance(value, str):
        return value.strip().casefold()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
