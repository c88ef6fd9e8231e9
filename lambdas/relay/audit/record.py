"""Genesys' record of a conversation, read as the detail events that it must have caused.

The record (SDK: AnalyticsConversationWithoutAttributes) says when each session began and ended. So
it implies the events of sessions: customer, acd, user, flow and voicemail, each with a start and an
end. It does not say how many other events there were (attributes, contact, outcomes, wrap-up
codes), so these are neither missed nor made.

It is not documented that an event's `eventTime` equals the record's time to the millisecond; code
that relies on this checks it on events that arrived (comparison.Agreement).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from lambdas.relay.entrances.reading import iso_ms
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.time_format import iso

DETAIL_EVENTS = "v2.detail.events.conversation.{id}."
#: the participants by the SDK's purpose, and the names of their events
KINDS: Mapping[str, str] = {
    "customer": "customer",
    "external": "customer",
    "acd": "acd",
    "agent": "user",
    "user": "user",
    "voicemail": "voicemail",
    **dict.fromkeys(("ivr", "botflow", "workflow", "voicesurveyflow"), "flow"),
}
#: by kind and side; each name is one object, however many events have it
NAMES: Mapping[tuple[str, str], str] = {
    (kind, side): f"{DETAIL_EVENTS}{kind}.{side}"
    for kind in dict.fromkeys(KINDS.values())
    for side in ("start", "end")
}
TYPES = tuple(NAMES.values())
#: segments after the talk: the agent's notes
AFTERWARDS = ("wrapup",)
#: members that a session of the record and an event share
ALIKE = (
    "provider", "ani", "dnis", "addressTo", "addressFrom", "callbackUserName", "callbackNumbers",
    "messageType",
)  # fmt: skip
#: those whose values events write in upper case
SHOUTED = ("mediaType", "direction")
OF_FLOWS = ("flowId", "flowType", "flowVersion")
NOTHING: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that Genesys' record implies."""

    detail_type: str
    conversation_id: str
    session_id: str
    at_ms: int
    #: as far as the record says
    body: Mapping[str, Json] = field(compare=False)

    @property
    def bare(self) -> "Expected":
        """The same without its body."""
        return replace(self, body=NOTHING)

    @property
    def topic(self) -> str:
        return self.detail_type.replace("{id}", self.conversation_id)

    def envelope(self, source: str, order: str) -> dict[str, Json]:
        """The envelope as EventBridge would have delivered it, but with the name of the order that
        made it."""
        moment = f"{iso(self.at_ms)[:-1]}.{self.at_ms % 1000:03}Z"
        return {
            "version": "0",
            "id": order,
            "detail-type": self.detail_type,
            "source": source,
            "time": iso(self.at_ms),
            "resources": [],
            "replay-name": order,
            "detail": {
                "topicName": self.topic,
                "version": "2",
                "timestamp": moment,
                "eventBody": dict(self.body),
            },
        }


def expected_of(conversation: Mapping[str, Any]) -> Iterator[Expected]:
    """The events of one conversation, in no order. Sessions without an end imply no end event."""
    conversation_id = conversation.get("conversationId")
    if not isinstance(conversation_id, str) or not conversation_id:
        return
    for participant in _objects(conversation, "participants"):
        kind = KINDS.get(str(participant.get("purpose")))
        if kind is not None:
            for session in _objects(participant, "sessions"):
                yield from _of_session(conversation, participant, session, kind)


def _of_session(
    conversation: Mapping[str, Any],
    participant: Mapping[str, Any],
    session: Mapping[str, Any],
    kind: str,
) -> Iterator[Expected]:
    segments = [
        segment
        for segment in _objects(session, "segments")
        if segment.get("segmentType") not in AFTERWARDS
    ]
    session_id = session.get("sessionId")
    if not segments or not isinstance(session_id, str) or not session_id:
        return
    begun = [_moment(segment, "segmentStart") for segment in segments]
    ended = [_moment(segment, "segmentEnd") for segment in segments]
    moments = {"start": None if None in begun else min(b for b in begun if b is not None)}
    if None not in ended and _is_over(conversation, segments):
        moments["end"] = max(e for e in ended if e is not None)
    for side, at_ms in moments.items():
        if at_ms is not None:
            body = {
                "eventTime": at_ms,
                "conversationId": conversation["conversationId"],
                **_told(conversation, participant, session, segments, kind, side),
            }
            conversation_id = conversation["conversationId"]
            yield Expected(NAMES[kind, side], conversation_id, session_id, at_ms, body)


def _is_over(conversation: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the session is over: between two segments, all of them have an end too."""
    return "conversationEnd" in conversation or any("disconnectType" in s for s in segments)


def _told(
    conversation: Mapping[str, Any],
    participant: Mapping[str, Any],
    session: Mapping[str, Any],
    segments: Sequence[Mapping[str, Any]],
    kind: str,
    side: str,
) -> dict[str, Json]:
    """The members of the event's body. What the record does not contain is left out, not
    invented."""
    flow = session.get("flow")
    divisions = conversation.get("divisionIds")
    left = [s["disconnectType"] for s in segments if isinstance(s.get("disconnectType"), str)]
    found: dict[str, Json] = {
        "participantId": participant.get("participantId"),
        "sessionId": session["sessionId"],
        **{name: session.get(name) for name in ALIKE},
        **{n: v.upper() for n in SHOUTED if isinstance(v := session.get(n), str)},
        "queueId": next((s["queueId"] for s in segments if s.get("queueId")), None),
        "divisionId": divisions[0] if isinstance(divisions, list) and len(divisions) == 1 else None,
    }
    if kind == "user":
        found["userId"] = participant.get("userId")
    if kind == "customer":
        found["externalContactId"] = participant.get("externalContactId")
        found["externalOrganizationId"] = participant.get("externalOrganizationId")
    if kind == "flow" and isinstance(flow, Mapping):
        found |= {name: flow.get(name) for name in OF_FLOWS}
    if side == "end" and left:
        found["disconnectType"] = left[-1].upper()
    return {name: value for name, value in found.items() if value is not None}


def _objects(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = document.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _moment(segment: Mapping[str, Any], name: str) -> int | None:
    said = segment.get(name)
    return iso_ms(said) if isinstance(said, str) else None
