"""How an envelope came: who is proven to have said it, and since when we have it.

Nothing of this is taken from the document, which can say anything. What cannot be forged:

* a source that begins with `aws.`: PutEvents refuses it to everybody but AWS and its partners
  (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html, Source);
* the attribute that the webhook's function gives a message: EventBridge gives messages none, and
  nobody else may send to the queue. The name of the webhook's sender is proven by its key;
* when the queue took a message. `time` is the caller's own word, unless a partner published it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.entrances.reading import iso_ms
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.ports import Delivery

#: partner: the configured source of Genesys Cloud; relay: anybody with the right to put events
#: onto a bus of ours; webhook: a sender with a key
Entrance = Literal["partner", "relay", "webhook"]
#: the attribute by which the webhook marks its messages
ENTRANCE = "entrance"
#: the attribute that says when the relay saw a message first (ISO 8601), once it was dead-lettered:
#: SQS itself starts anew with every redrive
FIRST_SEEN = "first_seen"
#: EventBridge's mark on what an archive replays; PutEvents has no parameter for it
REPLAYED = "replay-name"
#: how the names of those replays begin by which a person has events delivered again; who may start
#: a replay is said by IAM (events:StartReplay)
REDELIVERY = "redeliver-"
#: how the orders are called by which a person has events made of Genesys' own record; such an event
#: comes to the queue as a replay would
BACKFILL = "backfill-"
#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html, ReplayName
REPLAY_NAME_CHARS_MAX = 64
#: how the sources of EventBridge partners begin
PARTNER = "aws.partner/"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of an envelope beside what it says."""

    by_webhook: bool
    #: when the queue took it first, redrives included
    first_seen_ms: int

    @classmethod
    def of(cls, delivery: Delivery, now_ms: int) -> "Arrival":
        noted_ms = iso_ms(delivery.attributes.get(FIRST_SEEN, ""))
        seen_ms = delivery.sent_at_ms if noted_ms is None else min(noted_ms, delivery.sent_at_ms)
        return cls(delivery.attributes.get(ENTRANCE) == "webhook", min(seen_ms, now_ms))

    def entrance(self, source: str, partner_source: str | None) -> Entrance:
        """`partner_source` None: any partner's source is taken for Genesys Cloud."""
        if self.by_webhook:
            return "webhook"
        is_genesys = (
            source.startswith(PARTNER) if partner_source is None else source == partner_source
        )
        return "partner" if is_genesys else "relay"

    def accepted_at_ms(self, envelope: Mapping[str, Json], entrance: Entrance, now_ms: int) -> int:
        """The clock of the horizon: EventBridge's where a partner published, else the queue's. A
        replay looks as new as today in the queue, so there the stored event's own time counts. A
        clock ahead of ours must not make an event younger than it is."""
        time = envelope.get("time")
        if entrance == "partner" or REPLAYED in envelope:
            stated = iso_ms(time) if isinstance(time, str) else None
            return now_ms if stated is None else min(stated, now_ms)
        return self.first_seen_ms

    def redelivery(self, envelope: Mapping[str, Json]) -> str:
        """The redelivery that an envelope comes with, "" in the usual case."""
        return self._order(envelope, REDELIVERY)

    def backfill(self, envelope: Mapping[str, Json]) -> str:
        """The backfill that made an envelope, "" in the usual case."""
        return self._order(envelope, BACKFILL)

    def _order(self, envelope: Mapping[str, Json], kind: str) -> str:
        name = envelope.get(REPLAYED)
        is_one = isinstance(name, str) and name.startswith(kind) and not self.by_webhook
        return str(name)[:REPLAY_NAME_CHARS_MAX] if is_one else ""
