"""Dead letters: messages given up for now, each with what a person needs to know about it.

SQS would move a message into the dead-letter queue unchanged, but only the function that fails
knows why. So the function writes the dead letter itself, one receive before SQS would move the
message (docs/decisions/0010-dead-letters.md). The AWS console shows the attributes beside the body.
"""

from collections.abc import Mapping

from lambdas.relay.entrances.arrivals import FIRST_SEEN, Arrival
from lambdas.relay.entrances.events import Reader, parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX
from lambdas.relay.kernel.personal import brief
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.messages.sealing import decode, describe

#: why it is here: the last failure (relay/kernel/reasons.py)
REASON = "reason"
#: how often it was received without success, before earlier redrives as well
ATTEMPTS = "attempts"
#: how often reconcile redrove it
REDRIVES = "redrives"

#: docs.aws.amazon.com/AWSSimpleQueueService/.../sqs-message-metadata.html
ATTRIBUTES_MAX = 10
#: what SQS counts besides an attribute's name and value: its type
TYPE_BYTES = len("String")
#: a count with more digits was not written by the relay
COUNT_DIGITS_MAX = 9


def dead_letter(delivery: Delivery, reason: Reason, now_ms: int, reader: Reader) -> Outgoing:
    """The dead letter of a message: the same body, and attributes that explain it. The message's
    own attributes are kept, since a function may depend on them. `reader` is how envelopes are
    read."""
    had = delivery.attributes
    attributes = {
        REDRIVES: str(count(had, REDRIVES)),
        ATTEMPTS: str(count(had, ATTEMPTS) + delivery.receives),
        FIRST_SEEN: had.get(FIRST_SEEN) or iso(delivery.sent_at_ms),
        REASON: brief(str(reason)),
    }
    for name, value in (*had.items(), *_told_by(delivery, now_ms, reader).items()):
        if value:
            attributes.setdefault(name, value)
    return Outgoing(delivery.body, fitting(delivery.body, attributes))


def fitting(body: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
    """As many of the attributes, in order, as SQS accepts with this body: a message larger than
    SQS's limit could not be sent at all."""
    room = SQS_MESSAGE_BYTES_MAX - len(body.encode("utf-8", "replace"))
    shown: dict[str, str] = {}
    for name, value in attributes.items():
        size = len(name.encode()) + len(value.encode("utf-8", "replace")) + TYPE_BYTES
        if value and size <= room and len(shown) < ATTRIBUTES_MAX:
            shown[name] = value
            room -= size
    return shown


def count(attributes: Mapping[str, str], name: str) -> int:
    """A counting attribute; 0 if it is missing or not a count."""
    value = attributes.get(name, "")
    is_count = value.isascii() and value.isdecimal() and len(value) <= COUNT_DIGITS_MAX
    return int(value) if is_count else 0


def _told_by(delivery: Delivery, now_ms: int, reader: Reader) -> Mapping[str, str]:
    """Describes a body: a sealed batch or an envelope. A check is already described by its
    attributes (correlation/checks.py)."""
    if "kind" in delivery.attributes:
        return {}
    try:
        return describe(decode(delivery.body))
    except Exception:  # noqa: BLE001 whatever the error, its dead letter must be written
        return _told_by_envelope(delivery, now_ms, reader)


def _told_by_envelope(delivery: Delivery, now_ms: int, reader: Reader) -> Mapping[str, str]:
    try:
        event = parse_event(delivery.body, now_ms, reader, Arrival.of(delivery, now_ms))
    except Malformed as malformed:
        return {"content": brief(str(malformed.reason))}
    return {
        "identity": event.identity,
        "conversation": brief(event.conversation_id or ""),
        "topic": brief(event.topic),
        "envelope": brief(event.envelope_id),
    }
