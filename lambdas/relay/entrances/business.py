"""Business events: events that applications put on the relay's bus or post to the webhook.

    {"id": "...", "type": "...", "occurredAt": "...", "correlationId": "...",
     "identifiers": {...}, "attributes": {...}}

`schema/business-event.schema.json` is the published schema. `problem` checks the same by hand,
since a validator would cost more at every cold start than all of intake, and it gives the sender
one reason instead of a list of violations. A test keeps the two equivalent.

Identity: the sender (the envelope's `source`) and its own id; without an id, the whole content.
With an id, `occurredAt` is not part of the content: no clock decides what is a copy, so a retry
with a new time is a copy. Without an id, two events that differ only in their time are different.
`correlationId` is never part of it: it names a process, and some senders' libraries generate a new
one for every attempt.
"""

import re
from collections.abc import Mapping

from lambdas.relay.entrances.reading import Content, iso_ms, kind
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code, Reason

#: the name of the document in reasons
DETAIL = "detail"
MEMBERS = ("id", "type", "occurredAt", "correlationId", "identifiers", "attributes")
ID_CHARS_MAX = 256
#: as for an EventBridge detail-type, which it usually becomes
TYPE_CHARS_MAX = 128
IDENTIFIERS_MAX = 25
IDENTIFIER_CHARS_MAX = 256
#: RFC 3339 with an offset, with years that all calendars agree on
MOMENT = re.compile(
    r"(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
#: it is logged, so it must not need escaping
CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
#: names of members that a reason may quote
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def business(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads a detail of the published schema. Raises Malformed."""
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
    """The first reason why a detail is not a business event."""
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
