"""Genesys' own shape: `{"topicName", "timestamp", "eventBody", "metadata", ...}`.

The detail-type is the topic's template, with `{id}` where `topicName` has an id. So an id is read
from a topic only at those places.
"""

from collections.abc import Mapping, Sequence

from lambdas.relay.entrances import reading
from lambdas.relay.entrances.identities import Rule, Rules, moment, own_id
from lambdas.relay.entrances.reading import Content
from lambdas.relay.kernel.canonical import Json, canonical

ID = "{id}"
#: the beginning of what identifies an event under the rule `moment`
BY_MOMENT = "moment"
#: topics of one medium, such as v2.users.{id}.conversations.calls: the body is the conversation
#: (the SDK's models conversation_*_event_topic_* and internal_message_conversation)
MEDIA = (
    "callbacks", "calls", "chats", "cobrowses", "cobrowsesessions", "emails", "faxes",
    "internalmessages", "messages", "screenshares", "socialexpressions", "videos",
)  # fmt: skip


def told_by_genesys(
    detail: Mapping[str, Json], detail_type: str, *, speaker: str, time: Json, rules: Rules
) -> Content:
    """Reads a detail. `speaker` is "" for Genesys itself, else the sender that uses Genesys' shape,
    which is then part of the identity; `time` is the envelope's, None if its sender could choose
    it. Raises Malformed."""
    body = reading.members(detail, "eventBody", "detail")
    topic = reading.optional_text(detail, "topicName", "detail") or detail_type
    by = (speaker,) if speaker else ()
    said = canonical([*by, detail_type, topic, body])
    rule = rules.of(detail_type, body)
    published = detail.get("timestamp") or time
    is_state = rule == "content-and-time" and not (speaker and published is None)
    stamp = canonical(published) if is_state else None
    return Content(
        topic=topic,
        identified_by=_known_by(rule, [*by, detail_type, topic], body, said),
        stamp=stamp,
        said=said if stamp is None else canonical([said, stamp]),
        conversation_id=_conversation(body, detail_type, topic),
        correlation_id=_correlation(detail),
        occurred_at_ms=reading.moment_ms(body.get("eventTime")),
        body=body,
    )


def _known_by(
    rule: Rule, topic: Sequence[str], body: Mapping[str, Json], said: str
) -> tuple[str, ...]:
    match rule:
        case "own-id":
            return ("own id", *topic[:-1], own_id(body) or "")
        case "moment":
            session, at_ms = moment(body) or ("", 0)
            return (BY_MOMENT, *topic[:-1], topic[-1].lower(), session, str(at_ms))
        case _:
            return ("content", said)


def _conversation(body: Mapping[str, Json], detail_type: str, topic: str) -> str | None:
    stated = reading.optional_text(body, "conversationId", "eventBody")
    if stated:
        return stated
    places, words = detail_type.split("."), topic.split(".")
    if _are_of_one_build(places, words):
        for at, word in enumerate(words):
            if places[at] == ID != word and _is_of_conversations(places[:at]):
                return word or None
    return own_id(body) if _is_of_conversations(places) else None


def _are_of_one_build(places: Sequence[str], words: Sequence[str]) -> bool:
    return len(places) == len(words) and all(
        place in (ID, word) for place, word in zip(places, words, strict=True)
    )


def _is_of_conversations(places: Sequence[str]) -> bool:
    """Whether these words of a template lead to a conversation."""
    match places:
        case [*_, "conversation" | "conversations"]:
            return True
        case [*_, "conversations", medium]:
            return medium in MEDIA
        case _:
            return False


def _correlation(detail: Mapping[str, Json]) -> str | None:
    metadata = detail.get("metadata")
    candidates = (
        detail.get("correlationId"),
        metadata.get("CorrelationId") if isinstance(metadata, dict) else None,
    )
    return next((c for c in candidates if isinstance(c, str) and c), None)
