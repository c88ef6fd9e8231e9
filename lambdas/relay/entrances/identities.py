"""By what two envelopes of Genesys are known to tell of one event.

Genesys' events carry no id of their own, but for audits. Most bodies say when it happened
(`eventTime`): then what was said is the event, and a copy that is published anew is known. All
others are *states*, and a state comes back: a member joins a queue, leaves it and joins it again.
There the time of publishing (`detail.timestamp`) is part of what tells two events apart; the
redeliveries and replays of EventBridge keep it. A copy that was stamped anew would be taken for
another event, so what says the same at another time is counted and listed (dedup).

What a session's beginning and end say can be said by somebody else in other words: by Genesys' own
record. So an environment can have them known by their moment: the type, the topic, the session and
`eventTime`. Two such events that differ in anything else are both kept, as ever (claims).

docs/identity.md says for each topic of Genesys' SDK which it is.
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
#: topics whose eventBody.id is an id of the event itself (elsewhere it is an entity's: known by
#: it, every later change of that entity would be dropped)
OWN_ID_TOPICS = ("v2.audits.*",)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an environment says of detail-types (patterns, the first that fits counts); everything
    else is known by its nature."""

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
    """The session and the moment (ms) that a body tells of, where it tells of both."""
    session, at_ms = body.get("sessionId"), moment_ms(body.get("eventTime"))
    if not isinstance(session, str) or not session or at_ms is None:
        return None
    return session.lower(), at_ms


def own_id(body: Mapping[str, Json]) -> str | None:
    """The body's `id`, where it has one that can be an event's."""
    stated = body.get("id")
    return stated if isinstance(stated, str) and stated else None
