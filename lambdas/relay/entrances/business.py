"""Business events: what applications put onto the relay's own bus, or post to the webhook.

    {"id": "...", "type": "...", "occurredAt": "...", "correlationId": "...",
     "identifiers": {...}, "attributes": {...}}

`schema/business-event.schema.json` is the published form; `problem` says the same by hand, since a
validator would cost every cold start more than all of intake, and answers the sender with one
reason instead of a list of violations. A test holds the two together.

Identity: the sender (the envelope's `source`) and its own id; without an id, all that was said.
Where there is an id, `occurredAt` is no part of what was said: no clock decides what is a copy, and
a retry that stamps the time anew is one. Without an id two events that differ by their time alone
are two. `correlationId` is never part of it: it names a process, and some senders' libraries draw
a new one for every attempt.
"""

import re
from collections.abc import Mapping

from lambdas.relay.entrances.reading import Content, iso_ms, kind
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code, Reason

#: how a reason calls what it is about
DETAIL = "detail"
MEMBERS = ("id", "type", "occurredAt", "correlationId", "identifiers", "attributes")
ID_CHARS_MAX = 256
#: as an EventBridge detail-type, which it usually is as well
TYPE_CHARS_MAX = 128
IDENTIFIERS_MAX = 25
IDENTIFIER_CHARS_MAX = 256
#: RFC 3339 with its offset, of years that no calendar disputes
MOMENT = re.compile(
    r"(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
#: it goes into logs, so it may hold nothing that needs escaping there
CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
#: member names that a sentence may quote
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def business(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads a detail of the published form. Raises Malformed."""
    wrong = problem(detail)
    if wrong is not None:
        raise Malformed(wrong)
    identifiers = detail.get("identifiers", {})
    topic, moment = detail["type"], detail["occurredAt"]
    said = [identifiers, detail.get("attributes", {}), {}]
    whole, identified_by = by_sender(source, detail.get("id"), topic, moment, said)
    return Content(
        topic=topic,
        identified_by=identified_by,
        said=whole,
        conversation_id=identifiers.get("conversationId"),
        correlation_id=correlation(detail),
        occurred_at_ms=iso_ms(moment),
        body=detail,
    )


def by_sender(
    source: str, own_id: str | None, topic: str, moment: Json, said: list[Json]
) -> tuple[str, tuple[str, ...]]:
    """The content of a sender's event, and what identifies the event: its own id if it has one,
    else the content, which includes the time only then."""
    whole = canonical([source, topic, *([] if own_id else [moment]), *said])
    return whole, by_own_id(source, own_id) if own_id else ("sender's content", whole)


def by_own_id(source: str, own_id: str) -> tuple[str, ...]:
    """What identifies an event to which its sender gave an id."""
    return ("sender's id", source, own_id)


def correlation(detail: Mapping[str, Json]) -> str | None:
    stated = detail.get("correlationId")
    return stated if isinstance(stated, str) and CORRELATION_ID.fullmatch(stated) else None


def problem(detail: Mapping[str, Json]) -> Reason | None:
    """The first thing that keeps a detail from being a business event."""
    for name in ("type", "occurredAt"):
        if name not in detail:
            return Code.NO_MEMBER(DETAIL, name)
    for name in detail:
        if name not in MEMBERS:
            shown = name if _PLAIN_NAME.fullmatch(name) else "(name not shown)"
            return Code.MEMBER_UNKNOWN(DETAIL, shown, ", ".join(MEMBERS))
    return (
        _text_problem(detail, "type", TYPE_CHARS_MAX)
        or _text_problem(detail, "id", ID_CHARS_MAX)
        or _moment_problem(detail["occurredAt"])
        or _correlation_problem(detail)
        or _identifiers_problem(detail.get("identifiers", {}))
        or _object_problem(detail.get("attributes", {}), "attributes")
    )


def _text_problem(detail: Mapping[str, Json], name: str, chars_max: int) -> Reason | None:
    if name not in detail:
        return None
    value = detail[name]
    if not isinstance(value, str):
        return Code.MEMBER_OF_ANOTHER_TYPE(DETAIL, name, kind(value), "a string")
    if not 1 <= len(value) <= chars_max:
        return Code.MEMBER_LENGTH(DETAIL, name, len(value), chars_max)
    return None


def _moment_problem(value: Json) -> Reason | None:
    if isinstance(value, str) and MOMENT.fullmatch(value) and iso_ms(value) is not None:
        return None
    return Code.NO_MOMENT_WITH_OFFSET(DETAIL, "occurredAt")


def _correlation_problem(detail: Mapping[str, Json]) -> Reason | None:
    if "correlationId" not in detail or correlation(detail) is not None:
        return None
    return Code.NO_CORRELATION_ID(DETAIL)


def _identifiers_problem(value: Json) -> Reason | None:
    if not isinstance(value, dict):
        return _object_problem(value, "identifiers")
    if len(value) > IDENTIFIERS_MAX:
        return Code.TOO_MANY_IDENTIFIERS(DETAIL, len(value), IDENTIFIERS_MAX)
    if all(isinstance(v, str) and 1 <= len(v) <= IDENTIFIER_CHARS_MAX for v in value.values()):
        return None
    return Code.NO_IDENTIFIER(DETAIL, IDENTIFIER_CHARS_MAX)


def _object_problem(value: Json, name: str) -> Reason | None:
    if isinstance(value, dict):
        return None
    return Code.MEMBER_OF_ANOTHER_TYPE(DETAIL, name, kind(value), "an object")
