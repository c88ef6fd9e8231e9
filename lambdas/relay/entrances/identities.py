"""What identifies Genesys' events, so that two envelopes of one event are recognised.

Genesys' events have no id of their own, except audits. Most bodies contain the time of the event
(`eventTime`): then the content identifies it, and a copy that is published again is recognised. All
others are *states*, and a state can recur: a member joins a queue, leaves it and joins it again.
For them the time of publishing (`detail.timestamp`) is part of the identity; EventBridge's
redeliveries and replays keep it. A copy with a new time would be taken for another event, so the
same content at another time is counted and listed (dedup).

The start and end of a session can also be derived from Genesys' own record, with other content. So
an environment can have them identified by the rule `moment`: type, topic, session and `eventTime`.
Two such events that differ in anything else are both kept, as always (claims).

docs/identity.md lists the rule for each topic of Genesys' SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.entrances.reading import moment_ms
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.patterns import fits

#: own-id: by `eventBody.id`; content: by topic and body; content-and-time: by `detail.timestamp`
#: as well; moment: by topic, session and `eventTime`
Rule = Literal["own-id", "content", "content-and-time", "moment"]
#: topics whose eventBody.id identifies the event itself (elsewhere it identifies an entity, and
#: every later change of that entity would be dropped)
OWN_ID_TOPICS = ("v2.audits.*",)


@dataclass(frozen=True, slots=True)
class Rules:
    """An environment's rules by detail-type (the first pattern that matches counts); all others
    follow from the event's content."""

    stated: tuple[tuple[str, Rule], ...]

    def of(self, detail_type: str, body: Mapping[str, Json]) -> Rule:
        for pattern, rule in (*self.stated, *((topic, "own-id") for topic in OWN_ID_TOPICS)):
            if fits(detail_type, pattern) and _has_what_it_takes(rule, body):
                return rule
        return "content-and-time" if moment_ms(body.get("eventTime")) is None else "content"


BY_NATURE = Rules(())


def _has_what_it_takes(rule: Rule, body: Mapping[str, Json]) -> bool:
    match rule:
        case "own-id":
            return own_id(body) is not None
        case "moment":
            return moment(body) is not None
        case _:
            return True


def moment(body: Mapping[str, Json]) -> tuple[str, int] | None:
    """The session and the time (ms) in a body that has both."""
    session, at_ms = body.get("sessionId"), moment_ms(body.get("eventTime"))
    if not isinstance(session, str) or not session or at_ms is None:
        return None
    return session.lower(), at_ms


def own_id(body: Mapping[str, Json]) -> str | None:
    """The body's `id`, if it can be an event's."""
    stated = body.get("id")
    return stated if isinstance(stated, str) and stated else None
