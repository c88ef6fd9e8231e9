"""A generated day of a small contact centre, as Genesys Cloud would publish it.

Calls, chats and callbacks through all 16 conversation topics, agents' presence, their joining and
leaving of queues, and the audits of what the administrators did: lines of EventBridge envelopes,
with both kinds of copies. A copy with the same envelope id is EventBridge's redelivery; one with a
new id was published twice.
"""

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

SOURCE = "aws.partner/genesys.com/cloud/3f1d8a52-7c1e-4b0e-9a61-5b2f0c9d7e10/contact_centre"
ACCOUNT = "123456789012"
OPENS = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)

CONVERSATIONS = 48
AGENTS = 6
QUEUES = ("sales", "service", "billing")
REDELIVERED = 0.12
REPUBLISHED = 0.12
#: every customer's telephone number contains this; 555 and these are nobody's
NUMBERS = "1555555"
MEDIA = (("VOICE", "Edge"), ("CHAT", "PureCloud Webchat v2"), ("CALLBACK", "PureCloud Callback"))

Envelope = dict[str, Any]


def telephone(entropy: Random) -> str:
    """A customer's telephone number, which nobody has."""
    return f"+{NUMBERS}{entropy.randrange(100, 10_000):04}"


@dataclass(frozen=True, slots=True)
class Leg:
    """A participant's session within a conversation."""

    participant: str
    session: str


class Day:
    """Draws a day's events from one random source, in the order of publishing."""

    def __init__(self, entropy: Random) -> None:
        self._entropy = entropy
        self._agents = [self._id() for _ in range(AGENTS)]
        self._queues = {name: self._id() for name in QUEUES}

    def events(self) -> list[Envelope]:
        """Every event once, by the time it was published."""
        drawn = [
            *(e for _ in range(CONVERSATIONS) for e in self._conversation()),
            *self._presences(),
            *self._memberships(),
            *self._audits(),
        ]
        return sorted(drawn, key=lambda envelope: str(envelope["detail"]["timestamp"]))

    def published(self) -> list[tuple[int, Envelope]]:
        """The same with redelivered and republished copies, slightly out of order. Each envelope
        has the number of the original event: copies share it."""
        lines: list[tuple[float, int, Envelope]] = []
        for number, envelope in enumerate(self.events()):
            lines.append((number + self._entropy.uniform(0, 6), number, envelope))
            if self._entropy.random() < REDELIVERED:
                again = copy.deepcopy(envelope)
                lines.append((number + self._entropy.uniform(1, 60), number, again))
            if self._entropy.random() < REPUBLISHED:
                again = self._republished(envelope)
                lines.append((number + self._entropy.uniform(1, 60), number, again))
        return [(number, told) for _, number, told in sorted(lines, key=lambda line: line[0])]

    def _republished(self, envelope: Envelope) -> Envelope:
        """What Genesys sends if it did not learn that its first put arrived. A state without its
        own time keeps its timestamp, which alone distinguishes it from the next one."""
        again = copy.deepcopy(envelope)
        later = datetime.fromisoformat(again["detail"]["timestamp"]) + timedelta(seconds=30)
        again["id"] = self._id()
        again["time"] = _stamp(later, "seconds")
        if "eventTime" in again["detail"]["eventBody"]:
            again["detail"]["timestamp"] = _stamp(later, "milliseconds")
        again["detail"]["metadata"] = {"CorrelationId": self._id()}
        return again

    def _conversation(self) -> Iterator[Envelope]:
        entropy, conversation = self._entropy, self._id()
        media, provider = entropy.choice(MEDIA)
        at = OPENS + timedelta(seconds=entropy.uniform(0, 9 * 3600))
        customer = Leg(self._id(), self._id())
        shared = {
            "mediaType": media,
            "provider": provider,
            "direction": "OUTBOUND" if media == "CALLBACK" else "INBOUND",
            "ani": f"tel:{telephone(entropy)}",
            "dnis": "tel:+15555550000",
        }

        def tell(topic: str, leg: Leg, seconds: float, **body: Any) -> Envelope:
            nonlocal at
            at += timedelta(seconds=seconds)
            return self._envelope(
                f"v2.detail.events.conversation.{{id}}.{topic}",
                f"v2.detail.events.conversation.{conversation}.{topic}",
                {
                    "eventTime": int(at.timestamp() * 1000),
                    "conversationId": conversation,
                    "participantId": leg.participant,
                    "sessionId": leg.session,
                    **shared,
                    **body,
                },
                at,
            )

        if media == "CALLBACK":
            yield tell("outbound", customer, 0, outboundCampaignId=self._id())
        yield tell("customer.start", customer, 0.2)
        if entropy.random() < 0.3:
            yield tell("contact", customer, 1, externalContactId=self._id())
        yield self._attributes(tell("attributes", customer, 2), "orderId", f"A-{len(conversation)}")
        flow = Leg(self._id(), self._id())
        yield tell("flow.start", flow, 1, flowType="INBOUNDCALL", flowId=self._id())
        if entropy.random() < 0.5:
            yield tell("flow.outcome", flow, 3, flowOutcomeId=self._id(), flowOutcome="SUCCESS")
        # The enumeration says INBOUNDCALL; real events also say inboundcall.
        yield tell("flow.end", flow, 8, flowType="inboundcall", exitReason="TRANSFER")
        yield from self._agents_legs(tell)
        yield tell("customer.end", customer, 1, disconnectType="PEER")

    def _agents_legs(self, tell: Any) -> Iterator[Envelope]:
        entropy = self._entropy
        for leg_number in range(entropy.choice((1, 1, 1, 2, 3))):
            acd = Leg(self._id(), self._id())
            queue = self._queues[entropy.choice(QUEUES)]
            yield tell("acd.start", acd, 1, queueId=queue)
            if leg_number == 0 and entropy.random() < 0.1:
                yield tell("acd.end", acd, 60, queueId=queue, acdOutcome="ABANDON")
                voicemail = Leg(self._id(), self._id())
                yield tell("voicemail.start", voicemail, 1)
                yield tell("voicemail.end", voicemail, 25)
                return
            yield tell("acd.end", acd, 20, queueId=queue, acdOutcome="ANSWERED")
            agent, user = Leg(self._id(), self._id()), entropy.choice(self._agents)
            yield tell("user.start", agent, 2, userId=user, queueId=queue)
            if entropy.random() < 0.4:
                yield self._attributes(
                    tell("attributes", agent, 30),
                    "verified",
                    entropy.choice(("yes", "nö", "¿qué?")),
                )
            yield tell("user.end", agent, 120, userId=user, queueId=queue, disconnectType="PEER")
            yield tell("acw", agent, 30, userId=user, queueId=queue, wrapupDurationMs=30_000)
            yield tell("wrapup", agent, 1, wrapupCode="resolved", queueId=queue)

    def _attributes(self, envelope: Envelope, name: str, value: str) -> Envelope:
        """Attribute events name no session, but the communications that they belong to."""
        body = envelope["detail"]["eventBody"]
        body["communications"] = [{"id": body.pop("sessionId"), "mediaType": body["mediaType"]}]
        body["attributes"] = {name: value}
        return envelope

    def _presences(self) -> Iterator[Envelope]:
        for user in self._agents:
            at = OPENS
            for presence in ("AVAILABLE", "ON_QUEUE", "BREAK", "ON_QUEUE", "OFFLINE"):
                at += timedelta(seconds=self._entropy.uniform(600, 7200))
                # Presence has no eventTime, but a time of modification.
                body = {
                    "source": "PURECLOUD",
                    "presenceDefinition": {"id": self._id(), "systemPresence": presence},
                    "primary": True,
                    "message": "",
                    "modifiedDate": _stamp(at, "milliseconds"),
                }
                yield self._envelope(
                    "v2.users.{id}.presence", f"v2.users.{user}.presence", body, at
                )

    def _memberships(self) -> Iterator[Envelope]:
        """Agents leave a queue for their break and join it again. These bodies contain no time: the
        second joining has exactly the same body as the first one, and is a different event."""
        queue = self._queues[QUEUES[0]]
        for user in self._agents:
            at = OPENS
            for joined in (True, False, True, False):
                at += timedelta(seconds=self._entropy.uniform(600, 7200))
                body = {"id": user, "user": {"id": user}, "queueId": queue, "joined": joined}
                yield self._envelope(
                    "v2.routing.queues.{id}.users", f"v2.routing.queues.{queue}.users", body, at
                )

    def _audits(self) -> Iterator[Envelope]:
        at = OPENS
        for _ in range(12):
            at += timedelta(seconds=self._entropy.uniform(60, 3600))
            entity = self._id()
            # Audits have an id of their own, ISO times, and a correlation id that is no UUID.
            body = {
                "id": self._id(),
                "eventTime": _stamp(at, "milliseconds"),
                "action": self._entropy.choice(("CREATE", "UPDATE", "DELETE")),
                "entityType": "QUEUE",
                "entity": {"id": entity},
                "serviceName": "ContactCenter",
            }
            envelope = self._envelope(
                "v2.audits.entitytype.{id}.entityid.{id}",
                f"v2.audits.entitytype.queue.entityid.{entity}",
                body,
                at,
            )
            envelope["detail"]["metadata"]["CorrelationId"] += "-archival"
            yield envelope

    def _envelope(
        self, detail_type: str, topic: str, body: dict[str, Any], at: datetime
    ) -> Envelope:
        told = at + timedelta(milliseconds=self._entropy.uniform(0, 400))
        return {
            "version": "0",
            "id": self._id(),
            "detail-type": detail_type,
            "source": SOURCE,
            "account": ACCOUNT,
            "time": _stamp(told, "seconds"),
            "region": "eu-central-1",
            "resources": [],
            "detail": {
                "topicName": topic,
                "version": "2",
                "eventBody": body,
                "metadata": {"CorrelationId": self._id()},
                "timestamp": _stamp(told, "milliseconds"),
            },
        }

    def _id(self) -> str:
        return str(uuid.UUID(int=self._entropy.getrandbits(128), version=4))


def _stamp(moment: datetime, precision: str) -> str:
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
