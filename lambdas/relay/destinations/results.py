"""Reading what a 2xx says of the items: which failed, or that it cannot be told.

A failure row is matched to an item as leniently as is unambiguous: an index as a number or as
digits, an id in any letter case, an id that the row only restates. The failures are a set over
the items: however many rows name one, it failed once, and for good where one of them says so, since
no repetition mends what is wrong with the item itself. A row that names no item of ours, or two,
blames nobody.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.reasons import Code, Reason
from lambdas.relay.messages.sealing import SealedEvent

Row = Mapping[str, Any]
#: a longer number is no index
DIGITS_MAX = 9
#: members that only an error document has, whoever wrote it (Genesys, API Gateway, a load balancer,
#: Lambda, Spring): whatever they say, it is no success
SAY_AN_ERROR = frozenset(
    {"error", "errorcode", "errormessage", "errortype", "exception", "fault", "__type"}
)
#: members that give the status of the answer within it
SAY_A_STATUS = ("status", "statuscode", "httpstatus")
#: those that say whether it went well
SAY_IT_WENT_WELL = ("success", "succeeded", "ok")
#: levels down to which an answer may have its rows: `[row]`, `{"results": [row]}`,
#: `{"results": {id: row}}`. What lies deeper is what the rows restate
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


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """One item of an otherwise accepted request that was not taken."""

    index: int
    retryable: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The endpoint's own answer, so the request was accepted; but its details name nothing of
    ours, or contradict themselves."""

    reason: Reason


NO_ITEM = Unreadable(Code.FAILS_NO_ITEM())
TWO_ITEMS = Unreadable(Code.FAILS_TWO_ITEMS())
CONTRADICTION = Unreadable(Code.FAILS_AND_NOT())
#: errors are told beside what the endpoint's own document says of the items
FAILS_SOMEHOW = Unreadable(Code.FAILS_SOMEHOW())

#: reads a 2xx answer (None: it was empty): the failures among the items, Unreadable where they
#: cannot be told, None where it is no answer of this endpoint
ReadResults = Callable[[Json, Sequence[SealedEvent]], Sequence[ItemFailure] | Unreadable | None]


# --- answers without details


def any_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints whose 2xx says that everything was taken, in whatever words: some answer with a
    text. But an error of one item, told in whatever place, is one."""
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
    """For endpoints whose 2xx says everything: they answer with nothing, or at most an object."""
    return None if isinstance(document, list | str) else any_answer(document, events)


def array_answer(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """For endpoints that answer with all that was taken, and take all or nothing."""
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
    """For endpoints that make one thing and answer with its id."""
    if document is None:
        return None
    return () if created_id(document) else Unreadable(Code.MADE_UNNAMED())


WHOLE = (any_answer, object_answer, array_answer, created_answer)


def created_id(document: Json) -> str:
    """The id of what a request made, as its answer gives it: `conversation.id` (SDK model
    CreateCallbackResponse), `conversationId` (SendAgentlessOutboundMessageResponse), or `id`."""
    if not isinstance(document, Mapping):
        return ""
    conversation = document.get("conversation")
    inner = conversation.get("id") if isinstance(conversation, Mapping) else None
    found = inner or document.get("conversationId") or document.get("id")
    return found if isinstance(found, str) else ""


def is_error(document: Json) -> bool:
    """Whether a document tells of an error and of nothing else, whatever status it came under."""
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
    """Whether a document or a row of it tells of an error, its own or of one among several."""
    if not isinstance(document, Mapping):
        return False
    listed = next((v for name, v in document.items() if str(name).casefold() == "errors"), None)
    return bool(listed) or is_error(document)


def _inside(document: Json) -> Iterable[Json]:
    if isinstance(document, Mapping):
        return document.values()
    return document if isinstance(document, list) else ()


def rows_of(value: Json) -> Sequence[Row]:
    """The objects of a list, none where it is no list."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


# --- failures among the items


def failures_among(
    rows: Json,
    events: Sequence[SealedEvent],
    *,
    member: str,
    index: str = "",
    failure: Callable[[Row], tuple[bool, str]],
) -> Sequence[ItemFailure] | Unreadable:
    """The failures that rows name, by the items' `member` or by their place, in `index`. Where
    items share an id, the failure is every one's."""
    named = named_by(rows, events, member=member, index=index)
    if isinstance(named, Unreadable):
        return named
    return merged((place, *failure(row)) for row, places in named for place in places)


def named_by(
    rows: Json, events: Sequence[SealedEvent], *, member: str, index: str = ""
) -> Sequence[tuple[Row, frozenset[int]]] | Unreadable:
    """Each row with the places of the items that it names."""
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
    """One failure for each item, whatever the number of its rows."""
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
