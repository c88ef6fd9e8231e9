"""How an envelope arrived: its authenticated origin, and when we first received it.

None of this is read from the document, whose content anyone can choose. These cannot be forged:

* a source that begins with `aws.`: PutEvents accepts it only from AWS and its partners
  (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html, Source);
* the attribute that the webhook's function gives a message: EventBridge gives messages none, and
  nothing else may send to the queue. The name of the webhook's sender is authenticated by its key;
* when the queue received a message. `time` is chosen by the caller, unless a partner published it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.entrances.reading import iso_ms
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.ports import Delivery

#: partner: the configured source of Genesys Cloud; relay: whoever may put events on the relay's
#: bus; webhook: a sender with a key
Entrance = Literal["partner", "relay", "webhook"]
#: the attribute by which the webhook marks its messages
ENTRANCE = "entrance"
#: the attribute of dead-lettered messages with the time at which the relay first received them (ISO
#: 8601): SQS restarts its own with every redrive
FIRST_SEEN = "first_seen"
#: set by EventBridge on events that an archive replays; PutEvents has no parameter for it
REPLAYED = "replay-name"
#: prefix of the names of replays that a person starts for a redelivery; IAM says who may start one
#: (events:StartReplay)
REDELIVERY = "redeliver-"
#: prefix of the names of backfills; a made event arrives in the queue like a replayed one
BACKFILL = "backfill-"
#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html, ReplayName
REPLAY_NAME_CHARS_MAX = 64
#: prefix of the sources of AWS, of EventBridge partners, and of Genesys Cloud among them
AWS = "aws."
PARTNER = f"{AWS}partner/"
GENESYS = f"{PARTNER}genesys.com/"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known about an envelope besides its content."""

    by_webhook: bool
    #: when the queue first received it, before any redrive
    first_seen_ms: int

    @classmethod
    def of(cls, delivery: Delivery, now_ms: int) -> "Arrival":
        noted_ms = iso_ms(delivery.attributes.get(FIRST_SEEN, ""))
        seen_ms = delivery.sent_at_ms if noted_ms is None else min(noted_ms, delivery.sent_at_ms)
        return cls(delivery.attributes.get(ENTRANCE) == "webhook", min(seen_ms, now_ms))

    def entrance(self, source: str, partner_source: str | None) -> Entrance:
        """`partner_source` None: any partner source counts as Genesys Cloud."""
        if self.by_webhook:
            return "webhook"
        is_genesys = (
            source.startswith(PARTNER) if partner_source is None else source == partner_source
        )
        return "partner" if is_genesys else "relay"

    def is_of_aws(self, source: str) -> bool:
        """Whether AWS or a partner published it, and so set the envelope's time and resources."""
        return source.startswith(AWS) and not self.by_webhook

    def accepted_at_ms(self, envelope: Mapping[str, Json], entrance: Entrance, now_ms: int) -> int:
        """The time that counts for the horizon: EventBridge's if a partner published the event,
        else the queue's. A replayed event is new in the queue, so its own time counts. A clock
        ahead of ours must not make an event younger than it is."""
        time = envelope.get("time")
        if entrance == "partner" or REPLAYED in envelope:
            stated = iso_ms(time) if isinstance(time, str) else None
            return now_ms if stated is None else min(stated, now_ms)
        return self.first_seen_ms

    def redelivery(self, envelope: Mapping[str, Json]) -> str:
        """The redelivery that an envelope belongs to; usually ""."""
        return self._order(envelope, REDELIVERY)

    def backfill(self, envelope: Mapping[str, Json]) -> str:
        """The backfill that made an envelope; usually ""."""
        return self._order(envelope, BACKFILL)

    def _order(self, envelope: Mapping[str, Json], kind: str) -> str:
        name = envelope.get(REPLAYED)
        is_one = isinstance(name, str) and name.startswith(kind) and not self.by_webhook
        return str(name)[:REPLAY_NAME_CHARS_MAX] if is_one else ""
